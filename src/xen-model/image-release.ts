// The release that a hypervisor's image tells by itself.

import type { Architecture } from "../isa/architecture.ts";
import { parseRelease, type Release, ReleaseError } from "../xen-abi/release.ts";
import { constantResult, constantText } from "./constant-function.ts";
import { ModelError } from "./errors.ts";
import type { ImageSection } from "./image-file.ts";
import type { ReadBytes } from "./read-bytes.ts";

/** `undefined` where the functions that tell it are of another form than compilers make. */
export function releaseToldBy(
  sections: readonly ImageSection[],
  lookup: (name: string) => bigint | undefined,
  architecture: Architecture,
): Release | undefined {
  const read: ReadBytes = (address, length) => {
    const section = sections.find(
      ({ sh_addr, sh_size }) => sh_addr <= address && address < sh_addr + sh_size,
    );
    if (section === undefined) return undefined;
    const offset = Number(address - section.sh_addr);
    const bytes = section.bytes.subarray(offset, offset + length);
    return bytes.length === length ? bytes : undefined;
  };
  const entries = ["xen_major_version", "xen_minor_version", "xen_extra_version"].map(lookup);
  const [major, minor, extra] = entries;
  if (major === undefined || minor === undefined || extra === undefined) return undefined;
  try {
    const number = (entry: bigint) => constantResult(read, entry, architecture);
    const text = constantText(read, extra, architecture);
    return parseRelease(`${number(major)}.${number(minor)}${text}`);
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}

/** @throws ModelError xen-model/unknown-release */
export function requireRelease(told: Release | undefined, source: string): Release {
  if (told !== undefined) return told;
  throw new ModelError({
    code: "xen-model/unknown-release",
    problem: `Cannot model the hypervisor of "${source}": it does not contain its release`,
    expected:
      "functions xen_major_version, xen_minor_version, xen_extra_version that only return what they are asked for",
    remedy: "give the release, as in --release 4.17.5",
  });
}
