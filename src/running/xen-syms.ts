// What a builder takes from a xen-syms file (ABI reference §9.6): symbols under the names of Xen's
// own table, which is what undefined symbols of a payload must say; sizes; what lies in memory
// that is gone after boot; build-id; release.

import { BuilderError } from "../build-outcome/builder-error.ts";
import { SectionFlag } from "../elf/constants.ts";
import { findBuildId } from "../elf/notes.ts";
import type { ElfObject, ElfSymbol } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { bytesAtAddress } from "../elf/sections.ts";
import { localSymbolsWithFiles } from "../elf/symbols.ts";
import { type Architecture, findArchitecture } from "../isa/architecture.ts";
import type { Release } from "../xen-abi/release.ts";
import { readRelease } from "./read-release.ts";

export interface XenSymbol {
  /** As Xen's table spells it: `printk`, `common/livepatch.c#get_name`. */
  readonly name: string;
  /** As the source spells it. */
  readonly bareName: string;
  readonly address: bigint;
  readonly sizeBytes: number;
  readonly kind: "function" | "other";
  /** Lies in memory that Xen gives away when it has booted. */
  readonly isInit: boolean;
}

export interface XenSyms {
  /** What the file is called in messages. */
  readonly source: string;
  readonly architecture: Architecture;
  readonly buildId: Uint8Array;
  /** As far as the code tells; `undefined` when it does not. */
  readonly release: Release | undefined;
  /** By the names of Xen's table. */
  readonly byName: ReadonlyMap<string, XenSymbol>;
  /** Locals by bare name. */
  readonly locals: ReadonlyMap<string, readonly XenSymbol[]>;
  /** Code that stays after boot, also where several have one name. */
  readonly functions: readonly XenSymbol[];
  /** Names of Xen's table that stand for several places; byName has the first. */
  readonly ambiguous: ReadonlySet<string>;
  /** First bytes of what lies at `address`. @throws ElfError when there are none */
  readonly bytesAt: (address: bigint, length: number) => Uint8Array;
}

/**
 * Names are indexed when the first is asked for: that takes a while, which a caller may have later.
 * @throws ElfError, BuilderError builder/bad-xen-syms; so do the names of the result
 */
export function readXenSyms(bytes: Uint8Array, source: string): XenSyms {
  const object = openElf(bytes, source);
  const architecture = findArchitecture(object.header.machine);
  if (architecture === undefined) {
    throw unusable(source, `it is for ELF machine ${object.header.machine}`, "x86-64 or AArch64");
  }
  if (!object.sections.some(({ type }) => type === "SHT_SYMTAB")) throw stripped(source);
  const buildId = findBuildId(object);
  if (buildId === undefined) throw unusable(source, "it has no build-id", "a .note.gnu.build-id");
  const bytesAt = (address: bigint, length: number) => bytesAtAddress(object, address, length);
  let known: Names | undefined;
  const names = (): Names => {
    if (known !== undefined) return known;
    const index = indexSymbols(object);
    if (index.byName.size === 0) throw stripped(source);
    const addressOf = (name: string) => index.byName.get(name)?.address;
    known = { ...index, release: readRelease({ architecture, addressOf, bytesAt }) };
    return known;
  };
  return {
    source,
    architecture,
    buildId,
    bytesAt,
    get release() {
      return names().release;
    },
    get byName() {
      return names().byName;
    },
    get locals() {
      return names().locals;
    },
    get functions() {
      return names().functions;
    },
    get ambiguous() {
      return names().ambiguous;
    },
  };
}

/** What rests on the symbols. */
type Names = Pick<XenSyms, "byName" | "locals" | "functions" | "ambiguous" | "release">;

function stripped(source: string): BuilderError {
  return unusable(source, "it has no symbols", "the unstripped xen-syms file");
}

function unusable(source: string, state: string, expected: string): BuilderError {
  return new BuilderError({
    code: "builder/bad-xen-syms",
    problem: `Cannot build for "${source}": ${state}`,
    expected,
    remedy:
      "give the xen-syms of exactly the hypervisor that runs; distributions have it in a debug package",
  });
}

function indexSymbols(object: ElfObject): Omit<Names, "release"> {
  const isInit = initMemory(object);
  const byName = new Map<string, XenSymbol>();
  const locals = new Map<string, XenSymbol[]>();
  const functions: XenSymbol[] = [];
  const ambiguous = new Set<string>();
  const add = (symbol: ElfSymbol, name: string): XenSymbol | undefined => {
    if (symbol.place.kind !== "section" || symbol.name === "") return undefined;
    const known = byName.get(name);
    if (known?.address === symbol.value) return known;
    const entry: XenSymbol = {
      name,
      bareName: symbol.name,
      address: symbol.value,
      sizeBytes: Number(symbol.size),
      kind: isCode(object, symbol) ? "function" : "other",
      isInit: isInit(symbol.value),
    };
    if (entry.kind === "function" && !entry.isInit) functions.push(entry);
    if (known !== undefined) {
      ambiguous.add(name);
      return known;
    }
    byName.set(name, entry);
    return entry;
  };
  for (const symbol of object.symbols) {
    if (symbol.binding !== "STB_LOCAL") add(symbol, symbol.name);
  }
  for (const { symbol, file } of localSymbolsWithFiles(object)) {
    const entry = add(symbol, file === undefined ? symbol.name : `${file}#${symbol.name}`);
    if (entry === undefined) continue;
    const namesakes = locals.get(symbol.name);
    if (namesakes === undefined) locals.set(symbol.name, [entry]);
    else if (!namesakes.includes(entry)) namesakes.push(entry);
  }
  return { byName, locals, functions, ambiguous };
}

/** Assembly code often has no type; what lies in an executable section is code nevertheless. */
function isCode(object: ElfObject, { type, place }: ElfSymbol): boolean {
  if (type === "STT_FUNC") return true;
  if (type !== "STT_NOTYPE" || place.kind !== "section") return false;
  const flags = object.sections[place.index]?.flags ?? 0n;
  return (flags & SectionFlag.SHF_EXECINSTR) !== 0n;
}

/** By the linker script's markers (ABI reference §9.3), since sections differ between releases. */
function initMemory(object: ElfObject): (address: bigint) => boolean {
  const begin = object.symbols.find(({ name }) => name === "__init_begin")?.value;
  const end = object.symbols.find(({ name }) => name === "__init_end")?.value;
  if (begin !== undefined && end !== undefined) {
    return (address) => begin <= address && address < end;
  }
  const sections = object.sections.filter(({ name }) => name.startsWith(".init"));
  return (address) =>
    sections.some((found) => {
      return found.address <= address && address < found.address + BigInt(found.size);
    });
}
