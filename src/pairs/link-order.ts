// What it means that an object is linked at another place. Nothing of a hypervisor that runs lies elsewhere for
// that. Only lists that the linker collects have their entries in this order: calls at boot, which are over, and
// tables that go on being read. A fix that moves an object with such entries means the order.

import { SectionFlag } from "../elf/constants.ts";
import { readElf } from "../elf/read.ts";
import type { RuleChange } from "../source-patch/hunk-ledger.ts";
import type { ObjectPair } from "./object-pair.ts";

/** Sections whose order the linker scripts of Xen take from that of the objects, by what their names end with. */
const ORDERED = /^\.initcall|^\.init_array|\.(schedulers|param(hypfs)?|vpci)(\.|$)/;

export function ordersThatCount(
  pairs: readonly Pick<ObjectPair, "object" | "before" | "after">[],
  moved: ReadonlySet<string>,
): readonly RuleChange[] {
  return pairs.flatMap(({ object, before, after }) => {
    if (!moved.has(object)) return [];
    const lists = [before, after].flatMap((side) => (side === undefined ? [] : listsIn(side)));
    const [list] = lists;
    if (list === undefined) return [];
    const what = `${object} is linked at another place, and has entries of a list that is in this order, ${list}`;
    return [{ what, by: "commands" as const }];
  });
}

function listsIn(bytes: Uint8Array): readonly string[] {
  const { sections } = readElf(bytes, "an object of the hypervisor");
  return sections
    .filter(({ name, flags }) => ORDERED.test(name) && (flags & SectionFlag.SHF_ALLOC) !== 0n)
    .map(({ name }) => name);
}
