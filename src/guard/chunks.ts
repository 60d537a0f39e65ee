// Splits guarded code into expectations. One rule has a cost: an entry that writes nothing must not
// start where memory holds ENDBR64, or what Xen writes over one, because Xen would subtract 4 bytes
// from its length of 0, and crash the host (ABI reference §5.2).

import type { Architecture } from "../isa/architecture.ts";
import { ENDBR64, ENDBR64_POISON } from "../isa/endbr64.ts";
import { EXPECTATION_LENGTH_MAX } from "../xen-abi/limits.ts";

export interface ComparedBytes {
  readonly bytes: Uint8Array;
  /** False where the contents of memory are unknown. */
  readonly isCompared: (offset: number) => boolean;
}

interface Chunk {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface Chunks {
  readonly chunks: readonly Chunk[];
  /** Offsets of bytes at which no entry may start, and which no earlier entry can cover. */
  readonly skipped: readonly number[];
}

/** Arm requires whole instructions, and at least one: it checks the size of every entry. */
const longestChunk: Readonly<Record<Architecture, number>> = {
  x86_64: EXPECTATION_LENGTH_MAX,
  aarch64: EXPECTATION_LENGTH_MAX - (EXPECTATION_LENGTH_MAX % 4),
};

export function cutIntoChunks(code: ComparedBytes, architecture: Architecture): Chunks {
  const longest = longestChunk[architecture];
  const chunks: { start: number; end: number }[] = [];
  const skipped: number[] = [];
  let offset = 0;
  while (offset < code.bytes.length) {
    let start = offset;
    if (!code.isCompared(start)) {
      offset++;
      continue;
    }
    if (architecture === "x86_64" && mayBeLandingMark(code, start)) {
      const previous = chunks.at(-1);
      if (previous === undefined || previous.end !== start || previous.end - previous.start < 2) {
        skipped.push(start);
        offset++;
        continue;
      }
      // The previous entry gets one byte less; no mark starts there, because one starts after it.
      previous.end--;
      start--;
    }
    let end = start + 1;
    while (end < code.bytes.length && end - start < longest && code.isCompared(end)) end++;
    chunks.push({ start, end });
    offset = end;
  }
  return {
    chunks: chunks.map(({ start, end }) => ({
      offset: start,
      bytes: code.bytes.slice(start, end),
    })),
    skipped,
  };
}

/** Also where the deciding bytes are unknown, or belong to the next function. */
function mayBeLandingMark(code: ComparedBytes, start: number): boolean {
  return [ENDBR64, ENDBR64_POISON].some((mark) =>
    mark.every((byte, index) => {
      const offset = start + index;
      const { length } = code.bytes;
      return offset >= length || !code.isCompared(offset) || code.bytes[offset] === byte;
    }),
  );
}
