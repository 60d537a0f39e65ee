// A hypervisor of a few functions, and payloads for it, for the tests of the model. Not a test.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { parseHex } from "../bytes/hex.ts";
import { ElfType, SectionType } from "../elf/constants.ts";
import { encodeBuildIdNote } from "../xen-abi/build-id-note.ts";
import { makeExpectation } from "../xen-abi/expectation.ts";
import { writeLivepatchFunc, zeroReserved } from "../xen-abi/livepatch-func.ts";
import { encodeModinfo } from "../xen-abi/modinfo.ts";
import {
  type HandMadeElf,
  type HandMadeSection,
  type HandMadeSymbol,
  makeElf,
} from "./hand-made-elf.test.support.ts";
import { type Hypervisor, openHypervisor } from "./hypervisor.ts";
import { XenModel } from "./model.ts";
import type { ModelOptions } from "./state.ts";

export const XEN_ID = "a1".repeat(20);
export const TEXT_START = 0xffff82d040200000n;
const RODATA_START = TEXT_START + 0x2000n;
const INIT_START = TEXT_START + 0x3000n;
const DATA_START = TEXT_START + 0x4000n;
export const FUNCTION_SIZE = 0x40;
const R_X86_64_64 = 1;
const ENTRY_SIZE = { 1: 64, 2: 104 } as const;

/** Each has 64 bytes. `marked` begins with ENDBR64. */
export const functionNames = ["alpha", "beta", "gamma", "delta", "marked"] as const;

/** @param more sections and symbols besides */
export function syntheticXenSyms(
  release = "4.17.5",
  more: Partial<Pick<HandMadeElf, "sections" | "symbols">> = {},
): Uint8Array {
  const [, minor = "17", extra = ".0"] = /^4\.(\d+)(.*)$/.exec(release) ?? [];
  const text = new Uint8Array(0x1000).fill(0x90);
  const place = (at: number, hex: string) => text.set(parseHex(hex), at);
  for (const index of functionNames.keys()) {
    place(index * FUNCTION_SIZE, `31c0${"0f1f4000".repeat(8)}c3`);
  }
  place(functionNames.indexOf("marked") * FUNCTION_SIZE, "f30f1efa31c0c3");
  place(0x400, "b804000000c3");
  place(0x410, `b8${Number(minor).toString(16).padStart(2, "0")}000000c3`);
  // lea to the start of .rodata
  place(0x420, "488d05d91b0000c3");
  const symbols: HandMadeSymbol[] = [
    { name: "common/letters.c", section: 0xfff1, info: 4 },
    { name: "helper", section: ".text", value: TEXT_START + 0x300n, info: 2 },
    ...functionNames.map((name, index) => ({
      name,
      section: ".text",
      size: BigInt(FUNCTION_SIZE),
      value: TEXT_START + BigInt(index * FUNCTION_SIZE),
    })),
    { name: "xen_major_version", section: ".text", value: TEXT_START + 0x400n },
    { name: "xen_minor_version", section: ".text", value: TEXT_START + 0x410n },
    { name: "xen_extra_version", section: ".text", value: TEXT_START + 0x420n },
    { name: "start_xen", section: ".init.text", value: INIT_START },
    { name: "counter", section: ".data", value: DATA_START, info: 0x11 },
    ...(more.symbols ?? []),
  ];
  const words = Buffer.alloc(64);
  words.write(extra);
  return makeElf({
    type: ElfType.ET_EXEC,
    symbols,
    sections: [
      { name: ".text", flags: "AX", bytes: text, address: TEXT_START },
      { name: ".rodata", flags: "A", bytes: words, address: RODATA_START },
      {
        name: ".note.gnu.build-id",
        type: SectionType.SHT_NOTE,
        flags: "A",
        bytes: note(XEN_ID),
        address: RODATA_START + 0x100n,
      },
      { name: ".init.text", flags: "AX", bytes: new Uint8Array(64), address: INIT_START },
      { name: ".data", flags: "AW", bytes: new Uint8Array(64), address: DATA_START },
      ...(more.sections ?? []),
    ],
  });
}

const opened = new Map<string, Hypervisor>();

export function syntheticHypervisor(release = "4.17.5"): Hypervisor {
  const known = opened.get(release) ?? openHypervisor(syntheticXenSyms(release), "synthetic");
  opened.set(release, known);
  return known;
}

export function syntheticModel(release?: string, options?: ModelOptions): XenModel {
  return XenModel.boot(syntheticHypervisor(release), options);
}

export interface SyntheticEntry {
  /** Function of the hypervisor; found by name. */
  readonly old: string;
  /** A function of this payload; NOPs over so many bytes. */
  readonly by: string | { readonly nopBytes: number };
  readonly oldSize?: number;
  readonly expectation?: string;
}

export interface SyntheticPayload {
  /** Of one byte, repeated: makes the build-id. */
  readonly id: string;
  readonly entries: readonly SyntheticEntry[];
  readonly depends?: string;
  readonly xenDepends?: string;
  readonly version?: 1 | 2;
  readonly data?: boolean;
  readonly metadata?: readonly string[];
  readonly more?: Partial<HandMadeElf>;
}

export const idOf = (byte: string): string => byte.repeat(20);

/** The parts of a payload, to be changed before makeElf(). */
export function syntheticPayloadParts(payload: SyntheticPayload): HandMadeElf {
  const version = payload.version ?? 2;
  const bodies = [
    ...new Set(payload.entries.flatMap(({ by }) => (typeof by === "string" ? by : []))),
  ];
  const code = new Uint8Array(Math.max(bodies.length, 1) * 16).fill(0xc3);
  const names = new ByteWriter();
  const nameOffsets = payload.entries.map(({ old }) => {
    const at = names.length;
    names.bytes(Buffer.from(`${old}\0`));
    return at;
  });
  const sections: HandMadeSection[] = [
    { name: ".text", flags: "AX", bytes: code, alignment: 16n },
    { name: ".rodata.str", flags: "A", bytes: names.toBytes() },
    {
      name: ".livepatch.depends",
      flags: "A",
      bytes: note(payload.depends ?? XEN_ID),
      alignment: 4n,
    },
    { name: ".note.gnu.build-id", flags: "A", bytes: note(idOf(payload.id)), alignment: 4n },
    functionTable(payload, version, nameOffsets),
  ];
  if (version === 2) {
    const bytes = note(payload.xenDepends ?? XEN_ID);
    sections.push({ name: ".livepatch.xen_depends", flags: "A", bytes, alignment: 4n });
  }
  if (payload.data) sections.push({ name: ".data", flags: "AW", bytes: new Uint8Array(8) });
  if (payload.metadata) {
    sections.push({ name: ".modinfo", flags: "A", bytes: encodeModinfo(payload.metadata) });
  }
  const symbols: HandMadeSymbol[] = [
    { name: "", section: ".rodata.str", info: 3 },
    ...bodies.map((name, index) => ({
      name,
      section: ".text",
      value: BigInt(index * 16),
      size: 1n,
    })),
  ];
  return {
    sections: [...sections, ...(payload.more?.sections ?? [])],
    symbols: [...symbols, ...(payload.more?.symbols ?? [])],
  };
}

/** What gives a payload a hook of the kind, whose code is `code`. */
export function hookParts(
  kind: string,
  code: string,
): { readonly sections: readonly HandMadeSection[]; readonly symbols: readonly HandMadeSymbol[] } {
  return {
    sections: [
      { name: ".text.hook", flags: "AX", bytes: parseHex(code) },
      {
        name: `.livepatch.hooks.${kind}`,
        flags: "A",
        bytes: new Uint8Array(8),
        alignment: 8n,
        relocations: [{ at: 0, type: R_X86_64_64, symbol: "the_hook" }],
      },
    ],
    symbols: [{ name: "the_hook", section: ".text.hook" }],
  };
}

export function syntheticPayload(payload: SyntheticPayload): Uint8Array {
  return makeElf(syntheticPayloadParts(payload));
}

function functionTable(
  { entries }: SyntheticPayload,
  version: 1 | 2,
  nameOffsets: readonly number[],
): HandMadeSection {
  const writer = new ByteWriter();
  const size = ENTRY_SIZE[version];
  for (const { by, oldSize = FUNCTION_SIZE, expectation } of entries) {
    writeLivepatchFunc(writer, {
      nameAddress: 0n,
      newAddress: 0n,
      oldAddress: 0n,
      version,
      newSize: typeof by === "string" ? 1 : by.nopBytes,
      oldSize,
      reserved: zeroReserved(version),
      expectation:
        version === 2
          ? makeExpectation(expectation ? parseHex(expectation) : undefined)
          : undefined,
    });
  }
  const relocations = entries.flatMap(({ by }, index) => [
    { at: index * size, type: R_X86_64_64, symbol: "", addend: BigInt(nameOffsets[index] ?? 0) },
    ...(typeof by === "string" ? [{ at: index * size + 8, type: R_X86_64_64, symbol: by }] : []),
  ]);
  return {
    name: ".livepatch.funcs",
    flags: "A",
    bytes: writer.toBytes(),
    alignment: 8n,
    relocations,
  };
}

function note(id: string): Uint8Array {
  return encodeBuildIdNote(parseHex(id));
}
