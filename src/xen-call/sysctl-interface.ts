// Determines which interface version of the sysctls a hypervisor uses. The number alone does not
// identify the release, and the release alone is not reliable, so the release selects the number, and a
// call without side effects confirms it: ABI reference §6.6.

import { HostError } from "../host/errors.ts";
import { Errno } from "../xen-abi/errno.ts";
import { type AbiFamily, findReleaseLine, type Release, releaseLines } from "../xen-abi/release.ts";

export interface SysctlInterface {
  /** XEN_SYSCTL_INTERFACE_VERSION. */
  readonly version: number;
  readonly family: AbiFamily;
}

/** Every interface version once, the oldest first. */
export const sysctlInterfaces: readonly SysctlInterface[] = [
  ...new Map(
    releaseLines.map(({ sysctlInterface, abiFamily }) => [
      sysctlInterface,
      { version: sysctlInterface, family: abiFamily },
    ]),
  ).values(),
];

/** The versions to try, the likeliest first: that of the release, then its neighbours. */
function interfaceCandidates(
  release: Pick<Release, "major" | "minor">,
): readonly SysctlInterface[] {
  const newest = sysctlInterfaces.at(-1)?.version ?? 0;
  const promised = findReleaseLine(release)?.sysctlInterface ?? newest;
  const distance = ({ version }: SysctlInterface): number => Math.abs(version - promised);
  return [...sysctlInterfaces].sort((left, right) => distance(left) - distance(right));
}

/**
 * @param probe makes the call without side effects; returns its result, negative for an error
 * @throws HostError when no version is accepted
 */
export async function findInterface(
  release: Pick<Release, "major" | "minor">,
  probe: (candidate: SysctlInterface) => Promise<number>,
): Promise<SysctlInterface> {
  for (const candidate of interfaceCandidates(release)) {
    // Xen checks the version first (§6.2): any other answer confirms it.
    if ((await probe(candidate)) !== -Errno.EACCES) return candidate;
  }
  const known = `Xen ${release.major}.${release.minor}`;
  if (findReleaseLine(release) === undefined) {
    throw new HostError(
      {
        code: "host/unsupported",
        problem: `Cannot use live patching of ${known}: this xsplice does not know the release`,
        expected: "a release from 4.7 to 4.22",
        remedy: "use a newer xsplice",
      },
      { errno: Errno.EACCES },
    );
  }
  throw new HostError(
    {
      code: "host/refused",
      problem: `Cannot use live patching of ${known}: it refuses every version of the interface with EACCES (13)`,
      remedy: "if its security policy is FLASK, allow this domain the permission livepatch_op",
    },
    { errno: Errno.EACCES },
  );
}
