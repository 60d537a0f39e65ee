// From a comparison to the emitter's input: a draft that contains only what is carried. References to
// code and data of the hypervisor become undefined symbols under the names in its own table.

import { Machine } from "../../elf/constants.ts";
import type { DraftRelocation, DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { Aarch64Relocation } from "../../isa/aarch64.ts";
import { filledBytes } from "../../isa/filled-bytes.ts";
import { X86Relocation } from "../../isa/x86.ts";
import { type Atom, namingSymbol, type Reference, symbolSizeOf } from "../atom.ts";
import type { ObjectDiff } from "../diff-objects.ts";
import { DiffError } from "../errors.ts";
import { requireDefined } from "../require-defined.ts";
import type { NameInXen } from "./name-in-xen.ts";
import { layOut } from "./sections.ts";
import { CarriedSymbols } from "./symbols.ts";

export interface CarriedReplacement {
  readonly oldName: string;
  /** As in the object before; the caller compares it with the running hypervisor. */
  readonly oldSizeBytes: number;
  readonly newBody: DraftSymbol;
}

export interface CarriedObject {
  readonly draft: ElfDraft;
  readonly replacements: readonly CarriedReplacement[];
  /** All carried functions, including parts of them, by the atoms after the fix. */
  readonly functions: ReadonlyMap<Atom, DraftSymbol>;
}

/** @throws DiffError diff/refused when the comparison has refusals: a fix is never carried in part */
export function carryChanges(diff: ObjectDiff, nameInXen: NameInXen): CarriedObject {
  requirePatchable(diff);
  const { comparison, carried, placesOnly } = diff;
  const atoms = comparison.after.atoms.filter((atom) => carried.has(atom));
  const layout = layOut(atoms);
  const symbols = new CarriedSymbols(layout, comparison, nameInXen);
  // From here every carried atom has its place, and relocations can speak of the new symbols.
  for (const atom of atoms) {
    if (placesOnly.has(atom)) continue;
    const { section, offset } = requireDefined(layout.get(atom));
    for (const reference of atom.references) {
      const relocation = carryReference(reference, offset, comparison.sides.machine, symbols);
      if (relocation !== undefined) section.relocations.push(relocation);
    }
  }
  const { osAbi, flags } = comparison.after.object.header;
  return {
    draft: {
      machine: comparison.sides.machine,
      osAbi,
      flags,
      sections: [...new Set([...layout.values()].map(({ section }) => section))],
      symbols: [...symbols.all()],
    },
    replacements: diff.replaced.map(({ before, after }) => ({
      oldName: nameInXen(requireDefined(namingSymbol(before)), comparison.before.file),
      oldSizeBytes: symbolSizeOf(before),
      newBody: symbols.ofCarried(after),
    })),
    functions: new Map(
      atoms
        .filter(({ kind }) => kind === "function")
        .map((atom) => [atom, symbols.ofCarried(atom)]),
    ),
  };
}

function requirePatchable({ outcome, refusals, comparison }: ObjectDiff): void {
  const [first] = refusals;
  if (outcome !== "refused" || first === undefined) return;
  throw new DiffError({
    code: "diff/refused",
    problem: `Cannot carry the changes of "${comparison.after.object.source}": ${first.what} ${first.reasons.at(-1)}`,
    where: `section "${first.section}", offset 0x${first.offset.toString(16)}`,
    remedy: first.disposition.remedy,
  });
}

/** Undefined for a relocation without effect. */
function carryReference(
  reference: Reference,
  atomOffset: number,
  machine: number,
  symbols: CarriedSymbols,
): DraftRelocation | undefined {
  const { relocation, target, bias } = reference;
  const offset = atomOffset + reference.offset;
  if (relocation !== undefined && filledBytes(machine, relocation.type).size === 0) {
    return undefined;
  }
  if (target.kind !== "atom") {
    const symbol = requireDefined(relocation).symbol;
    const { type, addend } = requireDefined(relocation);
    return { offset, type, symbol: symbols.ofOutside(symbol), addend };
  }
  const { symbol, origin } = symbols.ofAtom(target.atom);
  if (relocation === undefined) {
    // The assembler had filled it in, which is wrong as soon as both ends are placed separately.
    const place = target.atom.start + target.offset;
    const type = relocationTypeFor(reference, machine);
    return { offset, type, symbol, addend: BigInt(place - origin - bias) };
  }
  const { type, addend } = relocation;
  // The same place, said from another origin: whatever else the addend holds stays as it is.
  return { offset, type, symbol, addend: addend + relocation.symbol.value - BigInt(origin) };
}

function relocationTypeFor({ use }: Reference, machine: number): number {
  // The arithmetic of R_AARCH64_JUMP26 is the same.
  if (machine === Machine.EM_AARCH64) return Aarch64Relocation.R_AARCH64_CALL26;
  return use === "branch" ? X86Relocation.R_X86_64_PLT32 : X86Relocation.R_X86_64_PC32;
}
