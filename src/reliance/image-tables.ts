// What a linked hypervisor's tables say of code that is not where it runs: alternatives, and where
// execution goes on after a fault (ABI reference §1.8). By address, sorted.

import { ByteReader } from "../bytes/byte-reader.ts";
import { JUMP_SIZE, X86_CALL_OPCODE } from "../isa/jump.ts";
import { countBefore } from "../sorted.ts";
import {
  ALTERNATIVE_SIZE,
  type AlternativeLayout,
  alternativeLayoutOf,
  readAlternative,
} from "../xen-abi/alternatives.ts";
import { EXCEPTION_ENTRY_SIZE, readExceptionEntry } from "../xen-abi/exception-table.ts";
import type { Release } from "../xen-abi/release.ts";
import type { Alternative } from "./function-code.ts";
import { alternativeOf } from "./hidden-code.ts";

export interface TableImage {
  /** `undefined` where the file does not tell: taken for one of the newer ones. */
  readonly release: Release | undefined;
  /** Of a symbol, by the name of Xen's own table. */
  readonly addressOf: (name: string) => bigint | undefined;
  /** `undefined` where the file has no such bytes. */
  readonly bytesAt: (address: bigint, length: number) => Uint8Array | undefined;
}

interface PlacedAlternative {
  readonly at: bigint;
  readonly sizeBytes: number;
  readonly replacementAt: bigint;
  readonly replacementSize: number;
}

interface PlacedFault {
  readonly at: bigint;
  readonly continuesAt: bigint;
}

/** A call of a function by a piece of assembly, of which a compiler knows nothing but what that says. */
export interface AssemblyCall {
  readonly at: bigint;
  readonly returnsTo: bigint;
  readonly callee: bigint;
}

const CALL_SIZE = JUMP_SIZE.x86_64;

export class ImageTables {
  readonly #image: TableImage;
  readonly #alternatives: readonly PlacedAlternative[];
  readonly #faults: readonly PlacedFault[];

  constructor(image: TableImage) {
    this.#image = image;
    const { release } = image;
    const layout: AlternativeLayout =
      release === undefined ? "padded" : alternativeLayoutOf(release, "x86_64");
    this.#alternatives = alternativesOf(image, layout);
    this.#faults = faultsOf(image);
  }

  /** As offsets from `start`. */
  alternativesIn(start: bigint, end: bigint): readonly Alternative[] {
    return between(this.#alternatives, start, end).map((one) => {
      const offset = Number(one.at - start);
      const replacement = this.#bytesAt(one.replacementAt, one.replacementSize);
      return alternativeOf({ start: offset, end: offset + one.sizeBytes, replacement });
    });
  }

  faultsIn(start: bigint, end: bigint): readonly PlacedFault[] {
    return between(this.#faults, start, end);
  }

  /** In place of alternatives, before boot has chosen and afterwards. */
  assemblyCalls(): readonly AssemblyCall[] {
    return this.#alternatives.flatMap(({ at, sizeBytes, replacementAt, replacementSize }) => {
      const callees = [
        ...this.#callAt(at, sizeBytes),
        ...this.#callAt(replacementAt, replacementSize),
      ];
      return callees.map((callee) => ({ at, returnsTo: at + BigInt(sizeBytes), callee }));
    });
  }

  #callAt(address: bigint, sizeBytes: number): readonly bigint[] {
    return sizeBytes < CALL_SIZE ? [] : callIn(this.#bytesAt(address, CALL_SIZE), address);
  }

  #bytesAt(address: bigint, sizeBytes: number): Uint8Array {
    return this.#image.bytesAt(address, sizeBytes) ?? new Uint8Array();
  }
}

function callIn(bytes: Uint8Array, address: bigint): readonly bigint[] {
  if (bytes[0] !== X86_CALL_OPCODE) return [];
  const distance = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt32(1, true);
  return [address + BigInt(CALL_SIZE + distance)];
}

function alternativesOf(image: TableImage, layout: AlternativeLayout): PlacedAlternative[] {
  const names = ["__alt_instructions", "__alt_instructions_end"] as const;
  return entriesOf(image, names, ALTERNATIVE_SIZE[layout], (reader, address) => {
    const entry = readAlternative(reader, layout);
    return {
      at: address + BigInt(entry.originalOffset),
      sizeBytes: entry.originalSize + (entry.paddingSize ?? 0),
      replacementAt: address + BigInt(4 + entry.replacementOffset),
      replacementSize: entry.replacementSize,
    };
  });
}

function faultsOf(image: TableImage): PlacedFault[] {
  const names = ["__start___ex_table", "__stop___ex_table"] as const;
  return entriesOf(image, names, EXCEPTION_ENTRY_SIZE, (reader, address) => {
    const { addressOffset, continuationOffset } = readExceptionEntry(reader);
    return {
      at: address + BigInt(addressOffset),
      continuesAt: address + BigInt(4 + continuationOffset),
    };
  });
}

function entriesOf<Entry extends { readonly at: bigint }>(
  { addressOf, bytesAt }: TableImage,
  [first, last]: readonly [string, string],
  size: number,
  read: (reader: ByteReader, address: bigint) => Entry,
): Entry[] {
  const [start, end] = [addressOf(first), addressOf(last)];
  if (start === undefined || end === undefined || end <= start) return [];
  const bytes = bytesAt(start, Number(end - start));
  if (bytes === undefined) return [];
  const reader = new ByteReader(bytes, "a table of xen-syms");
  const entries = Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => {
    reader.seek(index * size);
    return read(reader, start + BigInt(index * size));
  });
  return entries.sort((left, right) => (left.at < right.at ? -1 : 1));
}

function between<Entry extends { readonly at: bigint }>(
  sorted: readonly Entry[],
  start: bigint,
  end: bigint,
): readonly Entry[] {
  const first = countBefore(sorted, ({ at }) => at < start);
  return sorted.slice(
    first,
    countBefore(sorted, ({ at }) => at < end),
  );
}
