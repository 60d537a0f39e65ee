// What the memory held that objects of a type lie in, before anybody wrote to it: for holes, into which the old
// code never wrote. Found in one object, in its machine code and debug information: which functions with a
// pointer to the type ask an allocator for its size, or return such a pointer that an allocator gave. Memory
// that a function gets from elsewhere is not followed, nor are copies of whole objects.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import type { DebugEntry } from "../dwarf/entry.ts";
import { numberOf, type TypeModel, textOf } from "../dwarf/model.ts";
import { nameInSource } from "../dwarf/name-in-source.ts";
import { entriesOf } from "../dwarf/read.ts";
import type { ElfObject } from "../elf/object.ts";
import { type AllocatingCall, allocatingCalls } from "./allocating-calls.ts";
import { allocators } from "./allocators.ts";
import { isInMemory, labelOf, originOf, useOf } from "./reach.ts";

export interface Allocation {
  /** In words, as the subject of a sentence: `"f" of common/x.o`. */
  readonly by: string;
  /** "unknown": it may be one of this type, and not zeroed; "perhaps-zeroed": it may be one, and is. */
  readonly gives: "zeroed" | "anything" | "unknown" | "perhaps-zeroed";
  readonly how: string;
}

/** @param object whose types the model tells */
export function allocationsOf(
  object: ElfObject,
  model: TypeModel,
  type: string,
): readonly Allocation[] {
  const holders = holdersOf(model, type);
  const calls = allocatingCalls(object).flatMap((call) => {
    const uses = usesIn(model, nameInSource(call.caller), holders);
    const found = whatItGives(call, uses, holders);
    return found === undefined ? [] : [{ by: `"${call.caller}" of ${object.source}`, ...found }];
  });
  return [...calls, ...variablesOf(object, model, holders), ...unionsOf(object, model, holders)];
}

/** What others write in a union lies in holes as well. */
function unionsOf(
  { source }: ElfObject,
  model: TypeModel,
  types: ReadonlyMap<string, number>,
): readonly Allocation[] {
  return entriesOf(model.info, T.DW_TAG_member).flatMap((member): readonly Allocation[] => {
    const union = member.parent;
    const use = useOf(model, member);
    if (union?.tag !== T.DW_TAG_union_type || union.children.length < 2) return [];
    if (use === undefined || use.pointers > 0 || !types.has(use.type)) return [];
    const by = `member ${labelOf(member)} of a union in ${source}`;
    return [{ by, gives: "unknown", how: "shares its memory with others" }];
  });
}

/** The type and those that have one as a member, with their sizes. */
function holdersOf(model: TypeModel, type: string): ReadonlyMap<string, number> {
  const found = new Set([type]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const member of entriesOf(model.info, T.DW_TAG_member)) {
      const use = useOf(model, member);
      if (use === undefined || use.pointers > 0 || !found.has(use.type)) continue;
      let holder = member.parent;
      while (holder !== undefined && model.nameOf(holder) === undefined) holder = holder.parent;
      const name = holder && model.nameOf(holder);
      if (name !== undefined) found.add(name);
    }
  }
  return new Map(
    [...found].flatMap((name) => {
      const entry = model.types.get(name);
      const size = entry && numberOf(entry, A.DW_AT_byte_size);
      return size === undefined ? [] : [[name, Number(size)] as const];
    }),
  );
}

/** Undefined for memory that is for something else, as far as the code shows. */
function whatItGives(
  call: AllocatingCall,
  { pointed, isReturned }: UsesOfTypes,
  holders: ReadonlyMap<string, number>,
): Omit<Allocation, "by"> | undefined {
  const { callee, size, clears } = call;
  const { takes, gives } = allocators.get(callee) ?? { takes: "bytes", gives: "anything" };
  const sized =
    takes === "pages"
      ? []
      : [...holders].flatMap(([name, bytes]) => (bytes === size ? [name] : []));
  const isOne = sized.some((name) => pointed.has(name));
  const isGivenOn = isReturned && call.isReturned && (takes === "pages" || size === undefined);
  if (!isOne && !isGivenOn && sized.length === 0) return undefined;
  const amount = takes === "pages" ? pagesOf(call) : `${size ?? "an unknown number of"} bytes`;
  const how = `takes ${amount} by ${callee}()`;
  if (gives === "zeroed") {
    return isOne || isGivenOn
      ? { gives, how }
      : { gives: "perhaps-zeroed", how: `${how}, perhaps for one` };
  }
  if (!isOne && !isGivenOn) return { gives: "unknown", how: `${how}, perhaps for one` };
  // Of one page it is all; of more, it is not followed which ones.
  if (clears === "pages" && isOnePage(call))
    return { gives: "zeroed", how: `${how} and clears it` };
  if (clears === "pages") return { gives: "unknown", how: `${how}, and clears some of them` };
  if (clears === "nothing") return { gives: "anything", how };
  return { gives: "unknown", how: `${how}, and clears something by memset()` };
}

/** alloc_xenheap_pages() takes their order first, the other one a domain. */
function pagesOf({ callee, size }: AllocatingCall): string {
  return isOnePage({ callee, size }) ? "a page" : "pages";
}

function isOnePage({ callee, size }: Pick<AllocatingCall, "callee" | "size">): boolean {
  return callee === "alloc_xenheap_pages" && size === 0;
}

interface UsesOfTypes {
  /** To which of the types it has a pointer, functions inlined into it included. */
  readonly pointed: ReadonlySet<string>;
  /** It returns a pointer to one. */
  readonly isReturned: boolean;
}

function usesIn(
  model: TypeModel,
  function_: string,
  types: ReadonlyMap<string, number>,
): UsesOfTypes {
  const pointed = new Set<string>();
  let isReturned = false;
  const look = (entry: DebugEntry): void => {
    const use = useOf(model, originOf(model, entry));
    if (use !== undefined && use.pointers > 0 && types.has(use.type)) {
      pointed.add(use.type);
      if (entry.tag === T.DW_TAG_subprogram && use.pointers === 1) isReturned = true;
    }
    for (const child of entry.children) look(child);
  };
  for (const entry of entriesOf(model.info, T.DW_TAG_subprogram)) {
    if (textOf(originOf(model, entry), A.DW_AT_name) === function_) look(entry);
  }
  return { pointed, isReturned };
}

/** Variables of the types: those at a fixed address were zero, besides their members, since Xen was linked. */
function variablesOf(
  { source }: ElfObject,
  model: TypeModel,
  types: ReadonlyMap<string, number>,
): readonly Allocation[] {
  return entriesOf(model.info, T.DW_TAG_variable).flatMap((entry): readonly Allocation[] => {
    const origin = originOf(model, entry);
    const use = useOf(model, origin);
    if (use === undefined || use.pointers > 0 || !types.has(use.type)) return [];
    const by = `variable ${labelOf(origin)} of ${source}`;
    if (isInMemory(entry)) return [{ by, gives: "zeroed", how: "lies at a fixed address" }];
    return [{ by, gives: "unknown", how: "lies on a stack, and may be copied" }];
  });
}
