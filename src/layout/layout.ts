// Types that a fix changes: memory that the running hypervisor laid out by the old type would be read
// by the new. Compared from the debug information of the objects before and after; the hypervisor's
// own is not needed. Only a type whose values are shown to live on stacks alone may change, or one
// that the author has looked at and allows by name.

import type { TypeModel } from "../dwarf/model.ts";
import type { ElfObject } from "../elf/object.ts";
import { addedMembers, roomFor } from "./added-members.ts";
import { isSameButForNames } from "./bit-views.ts";
import { type Layout, layoutOf, textOfPart } from "./describe.ts";
import type { LayoutChange, LayoutRoom, PartChange } from "./layout-change.ts";
import { type Reach, reachOf } from "./reach.ts";
import { changedConstants, replacedTypes } from "./renamed.ts";
import { representationOf } from "./representation.ts";
import { changedVariables } from "./variables.ts";

/** The types of one object, compiled from the source without and with the fix. */
export interface LayoutPair {
  readonly object: string;
  readonly before: TypeModel | undefined;
  readonly after: TypeModel | undefined;
  /** Of `before`; without it, nobody is found who allocates. */
  readonly code?: ElfObject | undefined;
  /** Does the patch change a file, by its path below `xen/`? */
  readonly isChangedFile: (path: string) => boolean;
}

export interface LayoutFinding {
  /** The C name: `struct domain`. */
  readonly type: string;
  /** The objects that use it. */
  readonly objects: readonly string[];
  /** Parts that are new, gone or different, as text; none where only a contained type has another size. */
  readonly changes: readonly string[];
  /** Consequences: its size, and unchanged members at other places. */
  readonly moved: readonly string[];
  /** Undefined for a type without new members. */
  readonly room: LayoutRoom | undefined;
  readonly verdict:
    | { readonly kind: "refused"; readonly why: string }
    | {
        readonly kind: "no-effect";
        readonly rule: "on-stacks-only" | "same-representation";
        readonly why: string;
      }
    | {
        readonly kind: "no-effect";
        readonly rule: "allowed-layout";
        readonly why: string;
        /** Which of the names that the author gave. */
        readonly allowedAs: string;
      };
}

/**
 * The differences between the two sides of one object. Keeps no reference to the models. For types in
 * `settled`, the places of their values are not needed any more.
 */
export function findLayoutChanges(
  { object, before, after, code, isChangedFile }: LayoutPair,
  settled: ReadonlySet<string> = new Set(),
): readonly LayoutChange[] {
  if (before === undefined || after === undefined) return [];
  const named = [...changedTypes(before, after), ...replacedTypes(before, after, isChangedFile)];
  return [
    ...named.map(([type, changes]) => {
      const added = addedMembers(type, changes, { model: before, object: code }, after);
      if (settled.has(type)) return { type, object, changes, reaches: [], added };
      const old = reachOf(before, type);
      const reaches = old.kind === "memory" ? [old] : [old, reachOf(after, type)];
      return { type, object, changes, reaches, added };
    }),
    ...[...changedConstants(before, after)].map(([type, changes]) => {
      const why = "what has no type of its own can be kept in any number";
      return { type, object, changes, reaches: [{ kind: "memory" as const, why }] };
    }),
    ...changedVariables(before, after).map(({ variable, changes }) => {
      const why = "it holds values that the old code put there";
      return { type: variable, object, changes, reaches: [{ kind: "memory" as const, why }] };
    }),
  ];
}

/**
 * Every type with another layout, size or value of an enumerator, once. `allowed` are types by name,
 * with or without `struct`, or enumerators.
 */
export function judgeLayouts(
  changes: readonly LayoutChange[],
  allowed: readonly string[],
): readonly LayoutFinding[] {
  const byType = new Map<string, LayoutChange[]>();
  for (const change of changes) {
    const known = byType.get(change.type) ?? [];
    known.push(change);
    byType.set(change.type, known);
  }
  return [...byType].map(([type, found]) => {
    const parts = [
      ...new Map(
        found.flatMap((change) => change.changes).map((part) => [part.kind + part.text, part]),
      ).values(),
    ];
    const reaches = found.flatMap((change) => change.reaches);
    const isSame = parts.every(({ kind }) => kind === "same-representation");
    return {
      type,
      objects: found.map(({ object }) => object),
      changes: textsOf(parts, isSame ? "same-representation" : "own"),
      moved: textsOf(parts, "moved"),
      room: roomFor(found.flatMap(({ added }) => added ?? [])),
      verdict: judge(type, parts, reaches, allowed),
    };
  });
}

function textsOf(parts: readonly PartChange[], wanted: PartChange["kind"]): readonly string[] {
  return parts.filter(({ kind }) => kind === wanted).map(({ text }) => text);
}

/** Whether no other object can show that the type may change. */
export function isSettled({ reaches }: LayoutChange): boolean {
  return reaches.some(({ kind }) => kind === "memory");
}

function changedTypes(
  old: TypeModel,
  fixed: TypeModel,
): ReadonlyMap<string, readonly PartChange[]> {
  const found = new Map<string, readonly PartChange[]>();
  for (const [name, type] of old.types) {
    const counterpart = fixed.types.get(name);
    if (counterpart === undefined) continue;
    const isEnum = name.startsWith("enum ");
    const changes = compareLayout(layoutOf(old, type), layoutOf(fixed, counterpart), isEnum);
    if (changes.length === 0) continue;
    const [were, are] = [
      layoutOf(old, type, representationOf).parts,
      layoutOf(fixed, counterpart, representationOf).parts,
    ];
    found.set(
      name,
      changes.map((change) => {
        if (change.part === undefined) return change;
        const [was, is] = [were.get(change.part), are.get(change.part)];
        const isSame =
          (was && is && textOfPart(was) === textOfPart(is)) ||
          isSameButForNames(change.part, { model: old, type }, { model: fixed, type: counterpart });
        return isSame === true ? { ...change, kind: "same-representation" } : change;
      }),
    );
  }
  return found;
}

function compareLayout(old: Layout, fixed: Layout, isEnum: boolean): readonly PartChange[] {
  const changes: PartChange[] = [];
  const isSameOrder = sameOrder(old, fixed);
  if (old.size !== fixed.size) {
    const text = `its size is ${old.size} → ${fixed.size} bytes`;
    changes.push({ part: undefined, text, kind: "moved" });
  }
  for (const [part, was] of old.parts) {
    const is = fixed.parts.get(part);
    const [before, after] = [textOfPart(was), is && textOfPart(is)];
    if (before === after) continue;
    if (is === undefined)
      changes.push({ part, text: `"${part}" is gone (${before})`, kind: "own" });
    else {
      const kind = was.what === is.what && isSameOrder ? "moved" : "own";
      changes.push({ part, text: `"${part}" is at ${before} → ${after}`, kind });
    }
  }
  // New constants alone change nothing: no stored value has one.
  if (isEnum && changes.length === 0) return changes;
  for (const [part, is] of fixed.parts) {
    if (old.parts.has(part)) continue;
    const text = `"${part}" is new (${textOfPart(is)})`;
    changes.push({ part: isEnum ? undefined : part, text, kind: "own" });
  }
  return changes;
}

/** Of the members that both have. */
function sameOrder({ parts: were }: Layout, { parts: are }: Layout): boolean {
  const [old, fixed] = [
    [...were.keys()].filter((part) => are.has(part)),
    [...are.keys()].filter((part) => were.has(part)),
  ];
  return old.every((part, index) => part === fixed[index]);
}

function judge(
  type: string,
  changes: readonly PartChange[],
  reaches: readonly Reach[],
  allowed: readonly string[],
): LayoutFinding["verdict"] {
  const names = [
    type,
    type.replace(/^(struct|union|enum) /, ""),
    ...changes.map(({ part }) => part),
  ];
  const byName = allowed.find((name) => names.includes(name));
  if (byName !== undefined) {
    const why = `allowed as ${byName}`;
    return { kind: "no-effect", rule: "allowed-layout", why, allowedAs: byName };
  }
  if (changes.every(({ kind }) => kind === "same-representation")) {
    const why =
      "what is stored is the same: a structure of just one scalar is stored as the scalar is, and a number whatever of its bits have names";
    return { kind: "no-effect", rule: "same-representation", why };
  }
  const inMemory = reaches.find((reach) => reach.kind === "memory");
  if (inMemory !== undefined) return { kind: "refused", why: inMemory.why };
  const onStack = reaches.find((reach) => reach.kind === "stacks");
  if (onStack === undefined) {
    return { kind: "refused", why: "nothing shows that its values live on stacks only" };
  }
  return {
    kind: "no-effect",
    rule: "on-stacks-only",
    why: `on stacks only, as ${onStack.example}`,
  };
}
