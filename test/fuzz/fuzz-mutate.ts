// From a good payload to one that may be anything: fields of records (as the differential test changes
// them), bytes of one section, bytes anywhere, spans moved, cut out, put in.

import type { ElfObject } from "../../src/elf/object.ts";
import { readElf } from "../../src/elf/read.ts";
import { XspliceError } from "../../src/error.ts";
import { mutate as mutateField } from "../lab/differential-mutate.ts";
import type { Random } from "../lab/differential-random.ts";

/** The longest file that insertions may make, in bytes. */
const SIZE_MAX = 64 * 1024;

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** 1 to 5 mutations of `bytes`, which stays as it is. */
export function mutatePayload(bytes: Uint8Array, random: Random): Uint8Array {
  let mutant = bytes;
  const count = 1 + random.below(random.chance(0.7) ? 2 : 5);
  for (let step = 0; step < count; step++) {
    const mutation = random.pick(random.chance(0.7) ? structural : anywhere);
    mutant = mutation(mutant, random);
  }
  return mutant;
}

/** What cannot be read any more has no fields: then any byte is changed. */
const changeField: Mutation = (bytes, random) => {
  try {
    return mutateField(bytes, random).bytes;
  } catch {
    return changeByte(bytes, random);
  }
};

const changeSection: Mutation = (bytes, random) => {
  const object = tryRead(bytes);
  const sections = object?.sections.filter(({ size, offset }) => {
    return size > 0 && offset + size <= bytes.length;
  });
  if (sections === undefined || sections.length === 0) return changeByte(bytes, random);
  const { offset, size } = random.pick(sections);
  const copy = Uint8Array.from(bytes);
  const part = changeByte(copy.subarray(offset, offset + size), random);
  copy.set(part, offset);
  return copy;
};

function tryRead(bytes: Uint8Array): ElfObject | undefined {
  try {
    return readElf(bytes, "mutant");
  } catch (error) {
    if (error instanceof XspliceError) return undefined;
    throw error;
  }
}

const interesting: readonly number[] = [0, 1, 2, 4, 8, 0x20, 0x7f, 0x80, 0xe8, 0xff];

const changeByte: Mutation = (bytes, random) => {
  if (bytes.length === 0) return bytes;
  const copy = Uint8Array.from(bytes);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(copy.length);
    const old = copy[at] ?? 0;
    copy[at] = random.pick([
      random.pick(interesting),
      random.below(256),
      old ^ (1 << random.below(8)),
      old + 1,
      old - 1,
    ]);
  }
  return copy;
};

/** The same bytes somewhere else besides. */
const copySpan: Mutation = (bytes, random) => {
  if (bytes.length < 16) return bytes;
  const copy = Uint8Array.from(bytes);
  const length = 1 + random.below(Math.min(128, bytes.length));
  const from = random.below(bytes.length - length + 1);
  copy.copyWithin(random.below(bytes.length - length + 1), from, from + length);
  return copy;
};

const fillSpan: Mutation = (bytes, random) => {
  if (bytes.length === 0) return bytes;
  const copy = Uint8Array.from(bytes);
  const start = random.below(bytes.length);
  return copy.fill(random.pick(interesting), start, start + 1 + random.below(64));
};

const cutOut: Mutation = (bytes, random) => {
  const start = random.below(bytes.length + 1);
  const length = 1 + random.below(64);
  return concatenate(bytes.subarray(0, start), bytes.subarray(start + length));
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length + 1));

const putIn: Mutation = (bytes, random) => {
  if (bytes.length >= SIZE_MAX) return bytes;
  const start = random.below(bytes.length + 1);
  const more = new Uint8Array(1 + random.below(64)).fill(random.below(256));
  return concatenate(bytes.subarray(0, start), more, bytes.subarray(start));
};

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const structural: readonly Mutation[] = [changeField, changeSection];
/** What moves everything behind it leaves little to read. */
const moving: Mutation = (bytes, random) => random.pick([cutOut, putIn, truncate])(bytes, random);
const anywhere: readonly Mutation[] = [changeByte, changeByte, copySpan, fillSpan, moving];
