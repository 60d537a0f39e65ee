// Where the code in memory may differ from that in xen-syms, because Xen rewrites it at boot for the
// CPU that it finds: alternatives, with their padding, and indirect calls made direct (ABI reference
// §1.8, §8.3). Measured over all text of real hypervisors 4.14, 4.17 and 4.20: every other byte is
// the same (test/lab/guard-masks.test.ts). The model has its own reading of these tables.

import { ByteReader } from "../bytes/byte-reader.ts";
import { countBefore } from "../sorted.ts";
import {
  ALT_CALL_INSTRUCTION_SIZE,
  ALT_CALL_SITE_SIZE,
  ALTERNATIVE_SIZE,
  type AlternativeLayout,
  alternativeLayoutOf,
  readAlternative,
} from "../xen-abi/alternatives.ts";
import { GuardError } from "./errors.ts";
import type { GuardImage, GuardRequest } from "./plan.ts";

/** Addresses; the end is exclusive. */
export interface CodeRange {
  readonly start: bigint;
  readonly end: bigint;
}

type BootRequest = Pick<GuardRequest, "image" | "release">;

/**
 * Sorted and disjoint. They are read once for a hypervisor: `build` does it while the compiler works.
 * @throws GuardError guard/bad-image when the file lacks the tables; ElfError
 */
export function findBootChanges(request: BootRequest): readonly CodeRange[] {
  const known = found.get(request.image);
  if (known !== undefined && known.release === request.release) return known.changes;
  const changes = readBootChanges(request);
  found.set(request.image, { release: request.release, changes });
  return changes;
}

const found = new WeakMap<
  GuardImage,
  { readonly release: GuardRequest["release"]; readonly changes: readonly CodeRange[] }
>();

function readBootChanges({ image, release }: BootRequest): readonly CodeRange[] {
  const { architecture } = image;
  // Both architectures have the same layout in all releases with payload version 2.
  const newest: AlternativeLayout = architecture === "x86_64" ? "padded" : "plain";
  const layout = release === undefined ? newest : alternativeLayoutOf(release, architecture);
  const alternatives = tableBetween(image, "__alt_instructions", "__alt_instructions_end");
  if (alternatives === undefined && architecture === "x86_64") throw withoutTable(image);
  // From 4.21 on; before, they are alternatives.
  const calls = tableBetween(image, "__alt_call_sites_start", "__alt_call_sites_end");
  return mergeRanges([
    ...entriesOf(alternatives, ALTERNATIVE_SIZE[layout], (reader, address) => {
      const entry = readAlternative(reader, layout);
      const start = address + BigInt(entry.originalOffset);
      return { start, end: start + BigInt(entry.originalSize + (entry.paddingSize ?? 0)) };
    }),
    ...entriesOf(calls, ALT_CALL_SITE_SIZE, (reader, address) => {
      const start = address + BigInt(reader.i32("alt_call"));
      return { start, end: start + BigInt(ALT_CALL_INSTRUCTION_SIZE) };
    }),
  ]);
}

/** The ranges of `sorted` that overlap `start` … `end`. */
export function rangesWithin(
  sorted: readonly CodeRange[],
  { start, end }: CodeRange,
): readonly CodeRange[] {
  const first = countBefore(sorted, (range) => range.end <= start);
  return sorted.slice(
    first,
    countBefore(sorted, (range) => range.start < end),
  );
}

interface Table {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

function tableBetween(image: GuardImage, first: string, last: string): Table | undefined {
  const start = image.byName.get(first)?.address;
  const end = image.byName.get(last)?.address;
  if (start === undefined || end === undefined || end < start) return undefined;
  const length = Number(end - start);
  const bytes = length === 0 ? new Uint8Array() : image.bytesAt(start, length);
  return { address: start, bytes };
}

function entriesOf(
  table: Table | undefined,
  size: number,
  read: (reader: ByteReader, address: bigint) => CodeRange,
): readonly CodeRange[] {
  if (table === undefined) return [];
  const { address, bytes } = table;
  const reader = new ByteReader(bytes, "a table of xen-syms");
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => {
    reader.seek(index * size);
    return read(reader, address + BigInt(index * size));
  });
}

function mergeRanges(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const sorted = ranges.toSorted((left, right) => (left.start < right.start ? -1 : 1));
  const merged: CodeRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end) merged.push(range);
    else if (range.end > last.end) merged[merged.length - 1] = { ...last, end: range.end };
  }
  return merged;
}

function withoutTable({ source }: GuardImage): GuardError {
  return new GuardError({
    code: "guard/bad-image",
    problem: `Cannot tell what boot changes in the code of "${source}": it has no table of alternatives`,
    expected: "the symbols __alt_instructions and __alt_instructions_end",
    remedy: "give the unstripped xen-syms, or build with --guard none",
  });
}
