// Where the code in memory differs from the code in the file, because Xen rewrote it for its CPU:
// alternatives and indirect calls made direct (ABI reference §8.3). The bytes there are unknown to the
// model.

import { ByteReader } from "../bytes/byte-reader.ts";
import type { Architecture } from "../isa/architecture.ts";
import {
  ALT_CALL_INSTRUCTION_SIZE,
  ALT_CALL_SITE_SIZE,
  ALTERNATIVE_INVERTED,
  ALTERNATIVE_SIZE,
  alternativeLayoutOf,
  readAlternative,
} from "../xen-abi/alternatives.ts";
import type { Release } from "../xen-abi/release.ts";
import type { ImageSection } from "./image-file.ts";

/** Addresses, the end excluded. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

export interface BootContext {
  readonly release: Release;
  readonly architecture: Architecture;
  readonly sections: readonly ImageSection[];
  readonly lookup: (name: string) => bigint | undefined;
}

/** Sorted, apart. */
export function findBootChanges(context: BootContext): readonly AddressRange[] {
  const ranges = [...alternatives(context), ...altCalls(context)];
  ranges.sort((left, right) => (left.start < right.start ? -1 : 1));
  const merged: AddressRange[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end) merged.push(range);
    else if (range.end > last.end) merged[merged.length - 1] = { ...last, end: range.end };
  }
  return merged;
}

/** CPU features that the hypervisor's own alternatives ask for, in the numbering of its build. */
export function featuresAskedFor(context: BootContext): ReadonlySet<number> {
  const table = tableBetween(context, "__alt_instructions", "__alt_instructions_end");
  const layout = alternativeLayoutOf(context.release, context.architecture);
  const reader = new ByteReader(table.bytes, "a table of the hypervisor");
  const features = new Set<number>();
  for (let at = 0; at + ALTERNATIVE_SIZE[layout] <= table.bytes.length; ) {
    reader.seek(at);
    features.add(readAlternative(reader, layout).feature & ~ALTERNATIVE_INVERTED);
    at += ALTERNATIVE_SIZE[layout];
  }
  return features;
}

function alternatives(context: BootContext): AddressRange[] {
  const table = tableBetween(context, "__alt_instructions", "__alt_instructions_end");
  const layout = alternativeLayoutOf(context.release, context.architecture);
  return entriesOf(table, ALTERNATIVE_SIZE[layout], (reader, address) => {
    const entry = readAlternative(reader, layout);
    const start = address + BigInt(entry.originalOffset);
    return { start, end: start + BigInt(entry.originalSize + (entry.paddingSize ?? 0)) };
  });
}

function altCalls(context: BootContext): AddressRange[] {
  const table = tableBetween(context, "__alt_call_sites_start", "__alt_call_sites_end");
  return entriesOf(table, ALT_CALL_SITE_SIZE, (reader, address) => {
    const start = address + BigInt(reader.i32("alt_call"));
    return { start, end: start + BigInt(ALT_CALL_INSTRUCTION_SIZE) };
  });
}

interface Table {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** Empty without the markers: this release, or this build, has no such table. */
function tableBetween(context: BootContext, first: string, last: string): Table {
  const start = context.lookup(first);
  const end = context.lookup(last);
  const none = { address: 0n, bytes: new Uint8Array() };
  if (start === undefined || end === undefined || end < start) return none;
  const section = context.sections.find(
    ({ sh_addr, bytes }) => sh_addr <= start && end <= sh_addr + BigInt(bytes.length),
  );
  if (section === undefined) return none;
  const offset = (address: bigint) => Number(address - section.sh_addr);
  return { address: start, bytes: section.bytes.subarray(offset(start), offset(end)) };
}

function entriesOf(
  { address, bytes }: Table,
  size: number,
  read: (reader: ByteReader, address: bigint) => AddressRange,
): AddressRange[] {
  const reader = new ByteReader(bytes, "a table of the hypervisor");
  const count = Math.floor(bytes.length / size);
  return Array.from({ length: count }, (_, index) => {
    reader.seek(index * size);
    return read(reader, address + BigInt(index * size));
  });
}
