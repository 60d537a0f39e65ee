// Finds references of a payload to its own body of a replaced function. They should go to Xen's entry,
// which always leads to the newest body. Once another payload replaces the function too, such a
// reference still leads to the old body (docs/architecture.md, "Calls to a replaced function").
// Branches within one section have no relocation: they are found by their encoding, and only if the
// target is the first byte of a body, which other bytes hardly ever match by chance.

import { Machine, SectionFlag } from "../elf/constants.ts";
import type { ElfObject, Relocation, Section, SectionIndex } from "../elf/object.ts";
import { contentsOf } from "../elf/sections.ts";
import { findAarch64Branches } from "../isa/aarch64/branches.ts";
import { X86Relocation } from "../isa/x86.ts";
import { nearBranchAt } from "../isa/x86-near-branch.ts";
import { livepatchSections, specialTableSections } from "../xen-abi/sections.ts";
import { readableRelocations } from "./readable-relocations.ts";
import { loadedSections, type Subject, whereInSection } from "./subject.ts";

/** New code of a replaced function. */
interface OwnBody {
  /** Of the function that it replaces. */
  readonly oldAddress: bigint;
  readonly label: string;
  readonly section: Section;
  /** Offset in its section, in bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Address in the hypervisor. */
  readonly address: bigint;
}

export interface DirectUse {
  readonly body: OwnBody;
  /** In the user's file. */
  readonly where: string;
}

/** Empty for a payload that was refused. */
export function findDirectUses(subject: Subject): readonly DirectUse[] {
  const bodies = new Bodies(bodiesOf(subject));
  if (bodies.isEmpty || subject.object === undefined) return [];
  const uses: DirectUse[] = [];
  for (const section of loadedSections(subject)) {
    if (tables.has(section.name)) continue;
    const relocations = readableRelocations(subject.object, section);
    for (const { section: target, offset, from } of [
      ...relocatedReferences(subject.object, relocations),
      ...resolvedReferences(subject.object, section, relocations, bodies),
    ]) {
      const body = bodies.at(target, offset);
      // A branch to the start from inside is a loop, or recursion: whoever is in there stays.
      if (body === undefined || isInside(body, section, from)) continue;
      uses.push({ body, where: whereInSection(subject, section, from) });
    }
  }
  return uses;
}

/** Sections that Xen reads itself, where the reference to the body is intended. */
const tables: ReadonlySet<string> = new Set([...livepatchSections, ...specialTableSections]);

interface Reference {
  /** Index of the section that is referred to, and the offset in it. */
  readonly section: SectionIndex;
  readonly offset: number;
  /** Offset of the reference in its own section, in bytes. */
  readonly from: number;
}

class Bodies {
  /** By section index, then by offset. */
  readonly #bySection = new Map<SectionIndex, Map<number, OwnBody>>();

  constructor(bodies: readonly OwnBody[]) {
    for (const body of bodies) {
      const known = this.#bySection.get(body.section.index) ?? new Map<number, OwnBody>();
      this.#bySection.set(body.section.index, known.set(body.offset, body));
    }
  }

  get isEmpty(): boolean {
    return this.#bySection.size === 0;
  }

  /** The bodies of a section, by offset. */
  startsIn({ index }: Section): ReadonlyMap<number, OwnBody> {
    return this.#bySection.get(index) ?? new Map();
  }

  at(section: SectionIndex, offset: number): OwnBody | undefined {
    return this.#bySection.get(section)?.get(offset);
  }
}

function bodiesOf({ object, entries, loaded }: Subject): readonly OwnBody[] {
  const sections = new Map((object?.sections ?? []).toReversed().map((one) => [one.name, one]));
  return entries.flatMap(({ entry, oldAddress, label }, index): OwnBody[] => {
    if (entry.kind !== "replace" || entry.newAddress.kind !== "own") return [];
    const { section: name, offset } = entry.newAddress;
    const address = loaded?.functions[index]?.entry.newAddress;
    const section = sections.get(name);
    if (section === undefined || address === undefined || oldAddress === undefined) return [];
    return [{ oldAddress, label, section, offset, address, sizeBytes: entry.newSize }];
  });
}

function isInside(body: OwnBody, section: Section, offset: number): boolean {
  const isSame = body.section.index === section.index;
  return isSame && body.offset <= offset && offset < body.offset + body.sizeBytes;
}

function relocatedReferences(
  object: ElfObject,
  relocations: readonly Relocation[],
): readonly Reference[] {
  return relocations.flatMap(({ type, symbol, addend, offset }): Reference[] => {
    const found = object.symbols[symbol];
    if (found?.place.kind !== "section") return [];
    // The distance of a branch counts from the end of its 4 bytes.
    const behind = isX86(object) && branchTypes.has(type) ? 4n : 0n;
    const target = Number(BigInt.asIntN(64, found.value + addend + behind));
    return [{ section: found.place.index, offset: target, from: offset }];
  });
}

const branchTypes: ReadonlySet<number> = new Set([
  X86Relocation.R_X86_64_PC32,
  X86Relocation.R_X86_64_PLT32,
]);

function isX86({ header }: ElfObject): boolean {
  return header.machine === Machine.EM_X86_64;
}

/** References that the assembler resolved itself, if they lead to a body. */
function resolvedReferences(
  object: ElfObject,
  section: Section,
  relocations: readonly Relocation[],
  bodies: Bodies,
): readonly Reference[] {
  const targets = bodies.startsIn(section);
  if ((section.flags & SectionFlag.SHF_EXECINSTR) === 0n || targets.size === 0) return [];
  const code = contentsOf(object, section);
  const relocated = new Set(relocations.map(({ offset }) => offset));
  const found = isX86(object) ? nearBranches(code, targets) : findAarch64Branches(code);
  return found.flatMap(({ offset, target }) =>
    relocated.has(offset) || !targets.has(target)
      ? []
      : [{ section: section.index, offset: target, from: offset }],
  );
}

/** lea of a distance from %rip, after a REX prefix that widens it. */
const LEA = 0x8d;

/** `offset` is that of the 4 bytes of the distance; every matching byte sequence is taken. */
function nearBranches(
  code: Uint8Array,
  targets: ReadonlyMap<number, OwnBody>,
): readonly { readonly offset: number; readonly target: number }[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const found: { offset: number; target: number }[] = [];
  for (let at = 0; at + 4 <= code.length; at++) {
    const target = at + 4 + view.getInt32(at, true);
    if (targets.has(target) && isDistanceAt(code, at)) found.push({ offset: at, target });
  }
  return found;
}

function isDistanceAt(code: Uint8Array, at: number): boolean {
  if (nearBranchAt(code, at) !== undefined) return true;
  const isRipOperand = ((code[at - 1] ?? 0) & 0xc7) === 0x05;
  return code[at - 2] === LEA && isRipOperand && ((code[at - 3] ?? 0) & 0xf8) === 0x48;
}
