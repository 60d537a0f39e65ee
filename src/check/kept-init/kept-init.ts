// References of a payload to what is freed after boot that the functions which it replaces have as well, in
// the hypervisor: a condition that holds only at boot keeps the old code from using them, and the new code
// does no more harm. Only in code that can be read, and no more of them than there.

import { findColdParent } from "../../elf/cold-part.ts";
import type { ElfSymbol, Section } from "../../elf/object.ts";
import { findSection } from "../../elf/sections.ts";
import { findReferences } from "../../isa/x86-references.ts";
import { withoutTag } from "../../payload/emit/tag.ts";
import type { Hypervisor } from "../../xen-model/hypervisor.ts";
import type { ImageFunction } from "../../xen-model/xen-symbols.ts";
import { readableRelocations } from "../readable-relocations.ts";
import type { CheckedStep } from "../step.ts";
import { loadedSections, type Subject } from "../subject.ts";

/** `address` is that of the name in the hypervisor. */
export function isKeptFromOldCode(
  name: string,
  address: bigint,
  { subject, hypervisor }: Pick<CheckedStep, "subject" | "hypervisor">,
): boolean {
  if (hypervisor.architecture !== "x86_64") return false;
  const counts = new Map<ImageFunction, number>();
  for (const { section, offset } of usesOf(name, subject)) {
    const old = oldFunctionAt(subject, section, offset);
    if (old === undefined) return false;
    counts.set(old, (counts.get(old) ?? 0) + 1);
  }
  return [...counts].every(([old, count]) => count <= countInOld(old, address, hypervisor));
}

interface Use {
  readonly section: Section;
  /** Into the section, in bytes. */
  readonly offset: number;
}

function usesOf(name: string, subject: Subject): readonly Use[] {
  const { object } = subject;
  if (object === undefined) return [];
  return loadedSections(subject).flatMap((section) =>
    readableRelocations(object, section)
      .filter(({ symbol }) => {
        const found = object.symbols[symbol];
        return found?.name === name && found.place.kind === "undefined";
      })
      .map(({ offset }) => ({ section, offset })),
  );
}

/** The hypervisor's function that a place in the payload stands in the new body of, or in its cold part. */
function oldFunctionAt(
  { object, entries }: Subject,
  section: Section,
  offset: number,
): ImageFunction | undefined {
  const symbols = object?.symbols ?? [];
  const around = symbols.find((symbol) => covers(symbol, section, offset));
  const parent = around && findColdParent(withoutTag(around.name));
  const mains = parent === undefined ? [around] : symbols.filter(isFunctionNamed(parent));
  const main = mains.length === 1 ? mains[0] : undefined;
  if (object === undefined || main?.place.kind !== "section") return undefined;
  const { index } = main.place;
  return entries.find(({ entry }) => {
    if (entry.kind !== "replace" || entry.newAddress.kind !== "own") return false;
    const { section: name, offset: start } = entry.newAddress;
    return findSection(object, name)?.index === index && BigInt(start) === main.value;
  })?.oldFunction;
}

function isFunctionNamed(wanted: string): (symbol: ElfSymbol) => boolean {
  return ({ name, type }) => type === "STT_FUNC" && withoutTag(name) === wanted;
}

function covers({ place, type, value, size }: ElfSymbol, { index }: Section, offset: number) {
  if (type !== "STT_FUNC" || place.kind !== "section" || place.index !== index) return false;
  return value <= BigInt(offset) && BigInt(offset) < value + size;
}

/** Cold parts are local, those of global functions too. */
function isColdPartOf(name: string, parent: string): boolean {
  const [file, bare = ""] = name.includes("#") ? name.split("#") : ["", name];
  const of = findColdParent(bare);
  return of !== undefined && (parent === of || parent === `${file}#${of}`);
}

function countInOld(old: ImageFunction, target: bigint, { facts }: Hypervisor): number {
  const parts = facts
    .functions()
    .filter((one) => one.address === old.address || isColdPartOf(one.name, old.name));
  return parts.reduce((sum, { address, sizeBytes }) => {
    const references = findReferences(facts.fileBytes(address, sizeBytes) ?? new Uint8Array());
    const found = (references ?? []).filter(
      ({ reference }) => BigInt.asUintN(64, address + BigInt(reference.target)) === target,
    );
    return sum + found.length;
  }, 0);
}
