// Where two payloads differ first: by section, in the order of the file. What only carries the build-id, which
// follows from all else, does not count.

import { toHex } from "../bytes/hex.ts";
import type { Section } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { contentsOf } from "../elf/sections.ts";
import { withoutBuildId } from "../payload/build-id.ts";

export interface Difference {
  /** Its name; "" for what is in no section. */
  readonly section: string;
  /** In the section; of the file where it is in none. */
  readonly offset: number;
  /** Hex: some bytes from there, of the payload and of what was built. Empty behind an end. */
  readonly payload: string;
  readonly rebuilt: string;
  /** Sizes of the section, where they differ; a missing section has none. */
  readonly sizes?: readonly [payload: number | undefined, rebuilt: number | undefined];
}

const SHOWN_BYTES = 8;

/** `undefined` where all bytes are the same. */
export function firstDifference(payload: Uint8Array, rebuilt: Uint8Array): Difference | undefined {
  if (Buffer.compare(payload, rebuilt) === 0) return undefined;
  const [one, other] = [withoutBuildId(payload), withoutBuildId(rebuilt)];
  const [ours, theirs] = [openElf(one, "payload"), openElf(other, "rebuilt")];
  const named = (sections: Iterable<Section>) =>
    [...sections].filter(({ type }) => type !== "SHT_NULL").toSorted((a, b) => a.offset - b.offset);
  const counts = new Map<string, number>();
  const left = new Map<string, Section[]>();
  for (const section of named(theirs.sections)) {
    left.set(section.name, [...(left.get(section.name) ?? []), section]);
  }
  for (const section of named(ours.sections)) {
    const { name } = section;
    const at = counts.get(name) ?? 0;
    counts.set(name, at + 1);
    const same = left.get(name)?.[at];
    const bytes = contentsOf(ours, section);
    const found = same && contentsOf(theirs, same);
    const difference = differenceIn(name, bytes, found);
    if (difference !== undefined) return difference;
  }
  for (const section of named(theirs.sections)) {
    if (counts.has(section.name)) continue;
    return differenceIn(section.name, undefined, contentsOf(theirs, section));
  }
  return differenceIn("", one, other) ?? differenceIn("", payload, rebuilt);
}

function differenceIn(
  section: string,
  payload: Uint8Array | undefined,
  rebuilt: Uint8Array | undefined,
): Difference | undefined {
  const [one, other] = [payload ?? new Uint8Array(), rebuilt ?? new Uint8Array()];
  const end = Math.min(one.length, other.length);
  let offset = 0;
  while (offset < end && one[offset] === other[offset]) offset++;
  const isSame = offset === end && one.length === other.length;
  if (isSame && (payload === undefined) === (rebuilt === undefined)) return undefined;
  const shown = (bytes: Uint8Array) => toHex(bytes.subarray(offset, offset + SHOWN_BYTES));
  const sizes =
    one.length === other.length ? {} : { sizes: [payload?.length, rebuilt?.length] as const };
  return { section, offset, payload: shown(one), rebuilt: shown(other), ...sizes };
}
