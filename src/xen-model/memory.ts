// The memory of a modelled hypervisor: regions of shared bytes and, above them, pages that were
// written to. Pages are never changed in place, so a fork costs one copy of the page table. Bytes
// can be unknown: what Xen rewrites at boot for the CPU it finds, and the distance of a jump into a
// payload, for which the allocator finds a place.

import { invariant } from "../invariant.ts";
import { countBefore } from "../sorted.ts";

const PAGE_SIZE = 4096;
const PAGE_SHIFT = 12n;
const OFFSET_MASK = 0xfffn;

/** Why a byte is unknown, in masks; 0 for a known one. */
export const UnknownByte = {
  /** The byte is the one in the file. */
  cpu: 1,
  /** The byte is valid only for the addresses that the model chose. */
  place: 2,
} as const;

/** Bytes of a region that the file does not determine, from its start, in bytes. */
export interface UnknownRange {
  readonly start: number;
  readonly end: number;
}

export interface Region {
  readonly start: bigint;
  readonly sizeBytes: number;
  /** The initial contents; zeros past the end. */
  readonly bytes: Uint8Array;
  /** Sorted, apart. */
  readonly unknown: readonly UnknownRange[];
  /** `init`: was given away after boot, so nothing is mapped any more. */
  readonly kind: "text" | "read-only" | "data" | "init" | "payload-text" | "payload-data";
}

export type MemoryRead =
  /** `unknown` has an UnknownByte for each byte; absent when all are known. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly unknown?: Uint8Array }
  /** An access faults. */
  | { readonly kind: "fault"; readonly address: bigint; readonly gone: boolean }
  /** Outside of the memory that the model covers. */
  | { readonly kind: "elsewhere"; readonly address: bigint };

interface Page {
  readonly bytes: Uint8Array;
  readonly unknown: Uint8Array;
}

export class Memory {
  /** By start; replaced as a whole, since forks share it. */
  #regions: readonly Region[];
  readonly #pages: Map<number, Page>;
  /** Where addresses without a region fault for certain. */
  readonly #faults: (address: bigint) => boolean;

  constructor(regions: readonly Region[], faults: (address: bigint) => boolean) {
    this.#regions = [...regions].sort((left, right) => (left.start < right.start ? -1 : 1));
    this.#pages = new Map();
    this.#faults = faults;
  }

  fork(): Memory {
    const copy = new Memory([], this.#faults);
    copy.#regions = this.#regions;
    for (const [key, page] of this.#pages) copy.#pages.set(key, page);
    return copy;
  }

  map(region: Region): void {
    const at = this.#indexAfter(region.start);
    this.#regions = this.#regions.toSpliced(at, 0, region);
  }

  unmap(start: bigint): void {
    const index = this.#indexAfter(start) - 1;
    const region = this.#regions[index];
    invariant(region?.start === start, "unmapping what is not mapped");
    this.#regions = this.#regions.toSpliced(index, 1);
    const first = pageOf(start);
    const pages = Math.ceil(region.sizeBytes / PAGE_SIZE);
    for (let page = 0; page < pages; page++) this.#pages.delete(first + page);
  }

  findRegion(address: bigint): Region | undefined {
    const region = this.#regions[this.#indexAfter(address) - 1];
    return region && address < region.start + BigInt(region.sizeBytes) ? region : undefined;
  }

  read(address: bigint, length: number): MemoryRead {
    const bytes = new Uint8Array(length);
    const unknown = new Uint8Array(length);
    let isAllKnown = true;
    for (let done = 0; done < length; ) {
      const at = address + BigInt(done);
      const region = this.findRegion(at);
      if (region === undefined || region.kind === "init") {
        const gone = region !== undefined;
        const kind = gone || this.#faults(at) ? "fault" : "elsewhere";
        return { kind, address: at, gone };
      }
      const start = Number(at & OFFSET_MASK);
      const count = Math.min(PAGE_SIZE - start, length - done, restOf(region, at));
      const page = this.#pages.get(pageOf(at));
      if (page === undefined) {
        if (copyFrom(region, at, { bytes, unknown }, done, count)) isAllKnown = false;
      } else {
        bytes.set(page.bytes.subarray(start, start + count), done);
        const mask = page.unknown.subarray(start, start + count);
        unknown.set(mask, done);
        if (mask.some((why) => why !== 0)) isAllKnown = false;
      }
      done += count;
    }
    return isAllKnown ? { kind: "bytes", bytes } : { kind: "bytes", bytes, unknown };
  }

  /** @param unknown an UnknownByte for each byte, 0 for those that are known */
  write(address: bigint, bytes: Uint8Array, unknown?: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = address + BigInt(done);
      const key = pageOf(at);
      invariant(this.findRegion(at) !== undefined, "writing where nothing is mapped");
      const start = Number(at & OFFSET_MASK);
      const count = Math.min(PAGE_SIZE - start, bytes.length - done);
      const page = this.#copyOfPage(key);
      page.bytes.set(bytes.subarray(done, done + count), start);
      page.unknown.fill(0, start, start + count);
      if (unknown !== undefined) page.unknown.set(unknown.subarray(done, done + count), start);
      this.#pages.set(key, page);
      done += count;
    }
  }

  /** Sections of the hypervisor may share a page. */
  #copyOfPage(key: number): Page {
    const old = this.#pages.get(key);
    if (old !== undefined) return { bytes: old.bytes.slice(), unknown: old.unknown.slice() };
    const page = { bytes: new Uint8Array(PAGE_SIZE), unknown: new Uint8Array(PAGE_SIZE) };
    const start = BigInt(key) << PAGE_SHIFT;
    const end = start + BigInt(PAGE_SIZE);
    const firstBehind = this.#indexAfter(end - 1n);
    for (let index = firstBehind - 1; index >= 0; index--) {
      const region = this.#regions[index];
      if (region === undefined || region.start + BigInt(region.sizeBytes) <= start) break;
      const from = region.start > start ? region.start : start;
      const count = Math.min(Number(end - from), restOf(region, from));
      copyFrom(region, from, page, Number(from - start), count);
    }
    return page;
  }

  /** Of the first region that starts after `address`. */
  #indexAfter(address: bigint): number {
    return countBefore(this.#regions, (region) => region.start <= address);
  }
}

/** Reads what is mapped and is the same on every CPU; undefined for the rest. */
export function knownBytes(
  memory: Memory,
): (address: bigint, length: number) => Uint8Array | undefined {
  return (address, length) => {
    const found = memory.read(address, length);
    if (found.kind !== "bytes") return undefined;
    return found.unknown?.includes(UnknownByte.cpu) ? undefined : found.bytes;
  };
}

function pageOf(address: bigint): number {
  return Number(address >> PAGE_SHIFT);
}

function restOf(region: Region, address: bigint): number {
  return region.sizeBytes - Number(address - region.start);
}

/** What the region has at `address` at first; true when some of it is unknown. */
function copyFrom(
  region: Region,
  address: bigint,
  into: Page,
  offset: number,
  count: number,
): boolean {
  const start = Number(address - region.start);
  into.bytes.set(region.bytes.subarray(start, start + count), offset);
  let isUnknown = false;
  const first = countBefore(region.unknown, ({ end }) => end <= start);
  for (let index = first; ; index++) {
    const range = region.unknown[index];
    if (range === undefined || range.start >= start + count) return isUnknown;
    const from = Math.max(range.start - start, 0);
    const end = Math.min(range.end - start, count);
    into.unknown.fill(UnknownByte.cpu, offset + from, offset + end);
    isUnknown = true;
  }
}
