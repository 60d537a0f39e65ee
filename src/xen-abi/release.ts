// Releases of Xen and their public interface: ABI reference §0. Point releases never change what is
// stated here; behaviour that they do change is in features.ts.

import { XspliceError } from "../error.ts";
import { type Architecture, architectures } from "../isa/architecture.ts";

export class ReleaseError extends XspliceError<"xen-abi/bad-release" | "xen-abi/unknown-release"> {}

export interface Release {
  readonly major: number;
  readonly minor: number;
  readonly point: number;
}

/** Shape of the livepatch sub-operations: ABI reference §6.3. */
export type AbiFamily = "A" | "B" | "C";
export type PayloadVersion = 1 | 2;

/** All point releases of one 4.N. */
export interface ReleaseLine {
  readonly major: 4;
  readonly minor: number;
  /** XEN_SYSCTL_INTERFACE_VERSION; several lines share one. */
  readonly sysctlInterface: number;
  readonly abiFamily: AbiFamily;
  /** The only version that this line accepts. */
  readonly payloadVersion: PayloadVersion;
  /** The supported architectures for which this line has a payload loader. */
  readonly loaders: readonly Architecture[];
}

function line(
  minor: number,
  sysctlInterface: number,
  abiFamily: AbiFamily,
  loaders: readonly Architecture[] = architectures,
): ReleaseLine {
  const payloadVersion = abiFamily === "A" ? 1 : 2;
  return { major: 4, minor, sysctlInterface, abiFamily, payloadVersion, loaders };
}

/** Oldest first. */
export const releaseLines: readonly ReleaseLine[] = [
  line(7, 0x0d, "A", ["x86_64"]),
  line(8, 0x0e, "A"),
  line(9, 0x0f, "A"),
  line(10, 0x10, "A"),
  line(11, 0x11, "A"),
  line(12, 0x12, "A"),
  line(13, 0x12, "A"),
  line(14, 0x13, "B"),
  line(15, 0x13, "B"),
  line(16, 0x14, "B"),
  line(17, 0x15, "B"),
  line(18, 0x15, "B"),
  line(19, 0x15, "B"),
  line(20, 0x15, "B"),
  line(21, 0x16, "C"),
  line(22, 0x16, "C"),
];

/**
 * Reads "4.17.5", "4.17" (point 0), and what Xen and distributions append: "4.17.5+72-g0114",
 * "4.20-rc1".
 * @throws ReleaseError xen-abi/bad-release
 */
export function parseRelease(text: string): Release {
  const match = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d.])/.exec(text);
  if (match === null) {
    throw new ReleaseError({
      code: "xen-abi/bad-release",
      problem: `Cannot read "${text}" as a release of Xen: it does not start with two or three numbers`,
      expected: "major.minor.point, as in 4.17.5",
    });
  }
  return { major: Number(match[1]), minor: Number(match[2]), point: Number(match[3] ?? "0") };
}

export function formatRelease(release: Release): string {
  return `${release.major}.${release.minor}.${release.point}`;
}

/** Negative when `left` is older, 0 when they are the same. */
export function compareReleases(left: Release, right: Release): number {
  return left.major - right.major || left.minor - right.minor || left.point - right.point;
}

export function findReleaseLine(
  release: Pick<Release, "major" | "minor">,
): ReleaseLine | undefined {
  return releaseLines.find(
    ({ major, minor }) => major === release.major && minor === release.minor,
  );
}

/** @throws ReleaseError xen-abi/unknown-release for a line outside 4.7 … 4.22 */
export function requireReleaseLine(release: Pick<Release, "major" | "minor">): ReleaseLine {
  const found = findReleaseLine(release);
  if (found !== undefined) return found;
  throw new ReleaseError({
    code: "xen-abi/unknown-release",
    problem: `Cannot tell the live patching interface of Xen ${release.major}.${release.minor}`,
    expected: "a release from 4.7, the first with live patching, to 4.22, the last one known here",
  });
}
