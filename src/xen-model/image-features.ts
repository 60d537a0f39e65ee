// What an image shows by itself of how it patches, where that says more than its release: vendors carry
// changes of later releases in older ones, and some that are their own (XCP-ng's 4.17.6-2 has three of
// the first and one of the second kind). The witnesses are messages, which a build has as text.

import { SectionFlag } from "../elf/constants.ts";
import type { Architecture } from "../isa/architecture.ts";
import { type Feature, featuresOf } from "../xen-abi/features.ts";
import type { Release } from "../xen-abi/release.ts";
import type { ImageSection } from "./image-file.ts";

/** In a message that every release prints; an image without it shows nothing of its live patching. */
const DUPLICATE_MESSAGE = "duplicate new symbol: ";

/** A part of a message that came with the change. */
const witnesses: Partial<Record<Feature, string>> = {
  "early-build-id-check": "unable to get running Xen build-id",
  "returns-alternatives-errors": "applying alternatives failed",
};

export function featuresOfImage(
  release: Release,
  sections: readonly ImageSection[],
): ReadonlySet<Feature> {
  const features = new Set(featuresOf(release));
  if (addressOfText(sections, DUPLICATE_MESSAGE) === undefined) return features;
  for (const [feature, text] of Object.entries(witnesses) as [Feature, string][]) {
    if (addressOfText(sections, text) === undefined) features.delete(feature);
    else features.add(feature);
  }
  return features;
}

/** How far from the message the error is loaded, in bytes: 8 to 29 were seen, of gcc 10, 12, 14. */
const NEAR = 160;
/** -EEXIST in 32 bits. */
const EEXIST = [0xef, 0xff, 0xff, 0xff];

/**
 * Whether a name that exists already is told on the console and taken nevertheless, as XenServer's and
 * XCP-ng's hypervisors do: the code beside the message has no `-EEXIST`. x86 only; `false` where the code
 * that prints the message is not found.
 */
export function takesDuplicateSymbols(
  sections: readonly ImageSection[],
  architecture: Architecture,
): boolean {
  const message = addressOfText(sections, DUPLICATE_MESSAGE);
  if (architecture !== "x86_64" || message === undefined) return false;
  const places = sections
    .filter(isCode)
    .flatMap((section) => usersOf(section, message).map((at) => ({ section, at })));
  return (
    places.length > 0 &&
    places.every(({ section: { bytes }, at }) => {
      const near = bytes.subarray(Math.max(0, at - NEAR), at + NEAR);
      return !Buffer.from(near).includes(Buffer.from(EEXIST));
    })
  );
}

function isCode({ sh_flags }: ImageSection): boolean {
  return (sh_flags & SectionFlag.SHF_EXECINSTR) !== 0n;
}

/** Where the text begins that `part` is in. Compilers put texts into sections of this name. */
function addressOfText(sections: readonly ImageSection[], part: string): bigint | undefined {
  for (const { name, bytes, sh_addr } of sections) {
    if (!name.startsWith(".rodata")) continue;
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(part, 0, "latin1");
    if (at >= 0) return sh_addr + BigInt(bytes.lastIndexOf(0, at) + 1);
  }
  return undefined;
}

const LEA = 0x8d;
/** REX.W, and with it the upper eight registers. */
const WIDE: readonly (number | undefined)[] = [0x48, 0x4c];
/** Of the ModRM byte: mode and base, and their value for "relative to the next instruction". */
const MODE_AND_BASE = 0b11_000_111;
const RELATIVE = 0b00_000_101;
/** From the opcode to the next instruction. */
const LEA_REST = 6;

/** Offsets of the instructions `lea target(%rip), %reg`. */
function usersOf({ bytes, sh_addr }: ImageSection, target: bigint): readonly number[] {
  const distance = Number(target - sh_addr);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: number[] = [];
  let at = bytes.indexOf(LEA, 1);
  for (; at >= 0 && at + LEA_REST <= bytes.length; at = bytes.indexOf(LEA, at + 1)) {
    const isRelative = ((bytes[at + 1] ?? 0) & MODE_AND_BASE) === RELATIVE;
    if (!isRelative || !WIDE.includes(bytes[at - 1])) continue;
    if (at + LEA_REST + view.getInt32(at + 2, true) === distance) found.push(at);
  }
  return found;
}
