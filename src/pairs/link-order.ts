// What it means that an object is linked at another place. Nothing of a hypervisor that runs lies elsewhere for
// that. Only lists that the linker collects have their entries in this order: calls at boot, which are over, and
// tables that go on being read. A fix that moves an object with such entries means the order.

import { SectionFlag } from "../elf/constants.ts";
import { readElf } from "../elf/read.ts";
import type { RuleChange } from "../source-patch/hunk-ledger.ts";
import type { Base } from "../xen-make/base.ts";
import { requireObject } from "../xen-make/objects/kept-objects.ts";
import { takeObject } from "../xen-make/objects/make-objects.ts";
import type { PatchedTree } from "./after.ts";

/** Sections whose order the linker scripts of Xen take from that of the objects, by what their names end with. */
const ORDERED = /^\.initcall|^\.init_array|\.(schedulers|param(hypfs)?|vpci)(\.|$)/;

/** When both sides are compiled. Whatever the patch does to the objects: most often, it does not touch them. */
export function ordersThatCount(
  base: Base,
  { tree, listing, moved }: Pick<PatchedTree, "tree" | "listing" | "moved">,
): readonly RuleChange[] {
  return moved.flatMap((unit) => {
    const before = requireObject(base.folder, unit.object);
    const after = takeObject(tree, unit, listing.aliases);
    const [list] = [before, after].flatMap(({ bytes }) => listsIn(bytes));
    if (list === undefined) return [];
    const what = `${unit.object} is linked at another place, and has entries of a list that is in this order, ${list}`;
    return [{ what, by: "commands" as const }];
  });
}

function listsIn(bytes: Uint8Array): readonly string[] {
  const { sections } = readElf(bytes, "an object of the hypervisor");
  return sections
    .filter(({ name, flags }) => ORDERED.test(name) && (flags & SectionFlag.SHF_ALLOC) !== 0n)
    .map(({ name }) => name);
}
