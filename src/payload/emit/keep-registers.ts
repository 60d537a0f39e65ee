// The emitter's pass that inserts keepers (isa/x86-keeper.ts) between callers that rely on registers
// and code that changes them. The emitter is given the list of these callers. The keeper of a new body
// is placed before it and becomes its entry, for Xen's table and for all references by the function's
// name; references into the body stay unchanged. The keeper of a call is a separate function, and the
// call is redirected to it. Both are made after references were redirected to Xen's entries; otherwise
// a keeper's own call would be redirected as well.

import { SectionFlag } from "../../elf/constants.ts";
import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { startsWithEndbr64 } from "../../isa/endbr64.ts";
import { X86Relocation } from "../../isa/x86.ts";
import { encodeKeeper } from "../../isa/x86-keeper.ts";
import { NEAR_DISTANCE_SIZE } from "../../isa/x86-near-branch.ts";
import { requireUndefinedSymbol, undefinedSymbolsOf } from "../draft-tables.ts";
import { EmitError, type Keeping, type KeptCall, type KeptEntry } from "./input.ts";

/** For a branch to a symbol: the distance counts from the end of its bytes. */
const CALL_ADDEND = BigInt(-NEAR_DISTANCE_SIZE);
const PADDING = 0xcc; // int3: nobody gets there.

/**
 * @param keeping by symbols of the draft
 * @throws EmitError emit/unsupported for a body that shares its section with other code
 */
export function keepRegisters(draft: ElfDraft, { returnThunk, entries, calls }: Keeping): void {
  const thunk =
    returnThunk === undefined
      ? undefined
      : requireUndefinedSymbol(draft, undefinedSymbolsOf(draft), returnThunk);
  const keepers = new CallKeepers(draft, thunk);
  // First, because the keeper of an entry moves the calls of its body.
  for (const call of calls) keepers.put(call);
  for (const entry of entries) putInFront(draft, entry, thunk);
}

interface Keeper {
  readonly callee: DraftSymbol;
  readonly addend: bigint;
  /** Of the registers. */
  readonly names: string;
  readonly symbol: DraftSymbol;
}

class CallKeepers {
  readonly #draft: ElfDraft;
  readonly #thunk: DraftSymbol | undefined;
  readonly #made: Keeper[] = [];

  constructor(draft: ElfDraft, thunk: DraftSymbol | undefined) {
    this.#draft = draft;
    this.#thunk = thunk;
  }

  put({ caller, fieldOffset, registers }: KeptCall): void {
    if (typeof caller.place === "string") return;
    const offset = Number(caller.value) + fieldOffset;
    const relocation = caller.place.relocations.find((found) => found.offset === offset);
    if (relocation === undefined) throw new Error("Bug in xsplice: a kept call has no relocation");
    const { symbol: callee, addend } = relocation;
    const names = registers.join();
    const known = this.#made.find(
      (one) => one.callee === callee && one.addend === addend && one.names === names,
    );
    relocation.symbol = known?.symbol ?? this.#make({ callee, addend, names }, registers);
    relocation.addend = CALL_ADDEND;
  }

  #make(call: Omit<Keeper, "symbol">, registers: KeptEntry["registers"]): DraftSymbol {
    const { callee, addend } = call;
    const code = encodeKeeper({ landing: "none", registers, returns: returnsBy(this.#thunk) });
    const section: DraftSection = {
      name: `.text.keeper.${this.#made.length}`,
      type: "SHT_PROGBITS",
      flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR,
      alignment: 16,
      entrySize: 0,
      content: code.bytes,
      relocations: [
        branchTo(callee, code.callField, addend),
        ...returnBranch(this.#thunk, code.returnField),
      ],
    };
    const keeper: DraftSymbol = {
      name: `${nameOf(callee)}.keeper`,
      value: 0n,
      size: BigInt(code.bytes.length),
      binding: "STB_LOCAL",
      // Not a function of the source, so no later payload replaces it.
      type: "STT_NOTYPE",
      visibility: "STV_DEFAULT",
      place: section,
    };
    this.#draft.sections.push(section);
    this.#draft.symbols.push(keeper);
    this.#made.push({ ...call, symbol: keeper });
    return keeper;
  }
}

/** Of a function; a section that contains only this function is named after it. */
function nameOf({ name, place, type }: DraftSymbol): string {
  const full = type === "STT_SECTION" && typeof place !== "string" ? place.name : name;
  return full.replace(/^\.text\.|^.*#/, "");
}

function putInFront(
  draft: ElfDraft,
  { newBody, registers }: KeptEntry,
  thunk: DraftSymbol | undefined,
): void {
  const section = requireOwnSection(newBody);
  const { content, alignment } = section;
  const landing = startsWithEndbr64(content) ? "endbr64" : "none";
  const code = encodeKeeper({ landing, registers, returns: returnsBy(thunk) });
  const bodyStart = Math.ceil(code.bytes.length / alignment) * alignment;
  section.content = new Uint8Array(bodyStart + content.length).fill(PADDING);
  section.content.set(code.bytes);
  section.content.set(content, bodyStart);
  const distance = bodyStart - (code.callField + NEAR_DISTANCE_SIZE);
  new DataView(section.content.buffer).setInt32(code.callField, distance, true);
  moveBody(draft, section, bodyStart);
  section.relocations.unshift(...returnBranch(thunk, code.returnField));
}

/** The function's own names stay at the entry; all other symbols move with the body. */
function moveBody(draft: ElfDraft, section: DraftSection, distance: number): void {
  const staying = new Set<DraftSymbol>();
  for (const symbol of draft.symbols) {
    if (symbol.place !== section) continue;
    const isEntry = symbol.type === "STT_FUNC" && symbol.value === 0n;
    if (isEntry) symbol.size += BigInt(distance);
    if (isEntry || symbol.type === "STT_SECTION") staying.add(symbol);
    else symbol.value += BigInt(distance);
  }
  for (const relocation of section.relocations) relocation.offset += distance;
  for (const { relocations } of draft.sections) {
    for (const relocation of relocations) {
      if (staying.has(relocation.symbol)) relocation.addend += BigInt(distance);
    }
  }
}

type CodeSection = DraftSection & { content: Uint8Array };

function requireOwnSection({ name, place, value, size }: DraftSymbol): CodeSection {
  const isOwn =
    typeof place !== "string" &&
    value === 0n &&
    place.content instanceof Uint8Array &&
    BigInt(place.content.length) >= size;
  if (isOwn) return place as CodeSection;
  throw new EmitError({
    code: "emit/unsupported",
    problem: `Cannot save registers around "${name}": it shares its section with other code`,
    expected: "functions in sections of their own",
    remedy: "compile with -ffunction-sections",
  });
}

function returnsBy(thunk: DraftSymbol | undefined): "ret" | "thunk" {
  return thunk === undefined ? "ret" : "thunk";
}

function returnBranch(
  thunk: DraftSymbol | undefined,
  field: number | undefined,
): readonly DraftRelocation[] {
  return thunk === undefined || field === undefined ? [] : [branchTo(thunk, field, CALL_ADDEND)];
}

function branchTo(symbol: DraftSymbol, offset: number, addend: bigint): DraftRelocation {
  return { offset, type: X86Relocation.R_X86_64_PLT32, symbol, addend };
}
