// The emitter's pass that keeps a payload replaceable. Whoever calls, jumps to or takes the address
// of a function that this payload replaces must do so through the hypervisor's own entry, where Xen
// writes the jump to the newest body: a direct reference to this payload's body would still run the
// old one after a later payload replaced the function again. So such references get the undefined
// name of Xen's function instead.
//
// References into the inside of a body stay (jump tables, returns from a .cold part), and so do
// relative fields in data, whose base nobody but their reader knows: the special tables (.bug_frames,
// .ex_table, .altinstructions), which describe the new body, and jump tables. Loops that jump to the
// body's first byte by a short branch stay as well; a short branch from another function is refused.

import { hexNumber } from "../../bytes/hex.ts";
import { SectionFlag } from "../../elf/constants.ts";
import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import type { Architecture } from "../../isa/architecture.ts";
import type { CodeReference, ReferenceFinder } from "./code-reference.ts";
import { EmitError } from "./input.ts";
import { findAarch64References } from "./redirect-aarch64.ts";
import { findX86References } from "./redirect-x86.ts";

export interface Redirection {
  readonly newBody: DraftSymbol;
  /** Undefined symbol with the name of Xen's function. */
  readonly xenFunction: DraftSymbol;
}

const finders: Readonly<Record<Architecture, ReferenceFinder>> = {
  x86_64: findX86References,
  aarch64: findAarch64References,
};

/** @throws EmitError emit/short-branch */
export function redirectToXen(
  draft: ElfDraft,
  redirections: readonly Redirection[],
  architecture: Architecture,
): void {
  const entries = new EntryTable(redirections);
  if (entries.isEmpty) return;
  const starts = functionStarts(draft);
  for (const section of draft.sections) {
    const code = new SectionCode(section, finders[architecture], starts.get(section) ?? []);
    redirectRelocations(code, entries);
    if (code.isCode && entries.hasSection(section)) relocateFixedReferences(code, entries);
  }
}

/** The starts of the new bodies. */
class EntryTable {
  readonly #entries = new Map<DraftSection, Map<bigint, Redirection[]>>();

  constructor(redirections: readonly Redirection[]) {
    for (const redirection of redirections) {
      const { place, value } = redirection.newBody;
      if (typeof place === "string") continue;
      const inSection = this.#entries.get(place) ?? new Map<bigint, Redirection[]>();
      inSection.set(value, [...(inSection.get(value) ?? []), redirection]);
      this.#entries.set(place, inSection);
    }
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  hasSection(section: DraftSection): boolean {
    return this.#entries.has(section);
  }

  /** If two functions share one body, the function that `symbol` means. */
  find(place: DraftSection, offset: bigint, symbol?: DraftSymbol): Redirection | undefined {
    const found = this.#entries.get(place)?.get(offset);
    return found?.find(({ newBody }) => newBody === symbol) ?? found?.[0];
  }
}

/** A section with its code references, decoded on first use. */
class SectionCode {
  readonly section: DraftSection;
  readonly finder: ReferenceFinder;
  readonly isCode: boolean;
  readonly #starts: readonly number[];
  #references: readonly CodeReference[] | undefined;
  #byField: ReadonlyMap<number, CodeReference> | undefined;

  constructor(section: DraftSection, finder: ReferenceFinder, starts: readonly number[]) {
    this.section = section;
    this.finder = finder;
    this.isCode = (section.flags & SectionFlag.SHF_EXECINSTR) !== 0n;
    this.#starts = starts;
  }

  get references(): readonly CodeReference[] {
    this.#references ??= this.finder.referencesIn(this.section, this.#starts);
    return this.#references;
  }

  referenceAt(fieldOffset: number): CodeReference | undefined {
    this.#byField ??= new Map(this.references.map((found) => [found.fieldOffset, found]));
    return this.#byField.get(fieldOffset);
  }

  biasOf(relocation: DraftRelocation): number | undefined {
    const bias = this.finder.biasOf(relocation.type, this.isCode);
    return bias === "code" ? this.referenceAt(relocation.offset)?.bias : bias;
  }
}

function redirectRelocations(code: SectionCode, entries: EntryTable): void {
  for (const relocation of code.section.relocations) {
    const { symbol, addend } = relocation;
    if (typeof symbol.place === "string" || !entries.hasSection(symbol.place)) continue;
    const bias = code.biasOf(relocation);
    if (bias === undefined) continue;
    const redirection = entries.find(symbol.place, symbol.value + addend + BigInt(bias), symbol);
    if (redirection === undefined) continue;
    if (!code.finder.reachesXen(relocation.type)) {
      throw shortBranch(code.section, relocation.offset, redirection);
    }
    relocation.symbol = redirection.xenFunction;
    relocation.addend = BigInt(-bias);
  }
}

/** Adds a relocation to references that the assembler resolved, because both ends were in one section. */
function relocateFixedReferences(code: SectionCode, entries: EntryTable): void {
  const { section } = code;
  const relocated = new Set(section.relocations.map(({ offset }) => offset));
  for (const reference of code.references) {
    if (relocated.has(reference.fieldOffset)) continue;
    const redirection = entries.find(section, BigInt(reference.target));
    if (redirection === undefined) continue;
    if (reference.relocationType === undefined) {
      if (isInside(redirection.newBody, reference.instructionOffset)) continue;
      throw shortBranch(section, reference.instructionOffset, redirection);
    }
    section.relocations.push({
      offset: reference.fieldOffset,
      type: reference.relocationType,
      symbol: redirection.xenFunction,
      addend: BigInt(-reference.bias),
    });
  }
  section.relocations.sort((left, right) => left.offset - right.offset);
}

function isInside(body: DraftSymbol, offset: number): boolean {
  return BigInt(offset) >= body.value && BigInt(offset) < body.value + body.size;
}

/** The starts of code according to symbols: data between functions must not shift the decoding. */
function functionStarts(draft: ElfDraft): ReadonlyMap<DraftSection, readonly number[]> {
  const starts = new Map<DraftSection, number[]>();
  for (const { place, size, value } of draft.symbols) {
    if (typeof place === "string" || size === 0n) continue;
    const offsets = starts.get(place) ?? [];
    offsets.push(Number(value));
    starts.set(place, offsets);
  }
  for (const offsets of starts.values()) offsets.sort((left, right) => left - right);
  return starts;
}

function shortBranch(section: DraftSection, offset: number, to: Redirection): EmitError {
  return new EmitError({
    code: "emit/short-branch",
    problem: `Cannot redirect a branch to "${to.newBody.name}" through Xen's own "${to.xenFunction.name}": it is too short to reach`,
    where: `section "${section.name}", offset ${hexNumber(offset)}`,
    expected: "functions in sections of their own, so that branches between them are long",
    remedy: "compile with -ffunction-sections",
  });
}
