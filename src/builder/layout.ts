// Types that a fix changes: memory that the running hypervisor laid out by the old type would be read
// by the new. Compared from the debug information of the objects before and after; the hypervisor's
// own is not needed. Only a type whose values are shown to live on stacks alone may change, or one
// that the author has looked at and allows by name.

import type { ElfObject } from "../elf/object.ts";
import { type Layout, layoutOf } from "./layout-describe.ts";
import { type Reach, reachOf } from "./layout-reach.ts";
import { findTypes, type TypeModel } from "./types-model.ts";

/** One object, compiled from the source without and with the fix. */
export interface LayoutPair {
  readonly object: string;
  readonly before: ElfObject;
  readonly after: ElfObject;
}

export interface LayoutFinding {
  /** As C calls it: `struct domain`. */
  readonly type: string;
  /** The objects that have it. */
  readonly objects: readonly string[];
  /** What differs, in words; at least one. */
  readonly changes: readonly string[];
  readonly verdict:
    | { readonly kind: "refused"; readonly why: string }
    | {
        readonly kind: "no-effect";
        readonly rule: "on-stacks-only" | "allowed-layout";
        readonly why: string;
      };
}

/**
 * Every type with another layout, size or value of an enumerator. `allowed` are types by name, with
 * or without `struct`, or enumerators.
 * @throws BuilderError builder/bad-debug-info, ElfError
 */
export function compareLayouts(
  pairs: readonly LayoutPair[],
  allowed: readonly string[],
): readonly LayoutFinding[] {
  const changed = new Map<string, ChangedType>();
  for (const { object, before, after } of pairs) {
    const [old, fixed] = [findTypes(before), findTypes(after)];
    if (old === undefined || fixed === undefined) continue;
    for (const [type, changes] of changedTypes(old, fixed)) {
      const known = changed.get(type) ?? { changes, objects: [], reaches: [] };
      known.objects.push(object);
      known.reaches.push(reachOf(old, type), reachOf(fixed, type));
      changed.set(type, known);
    }
  }
  return [...changed].map(([type, { changes, objects, reaches }]) => ({
    type,
    objects,
    changes: changes.map(({ text }) => text),
    verdict: judge(type, changes, reaches, allowed),
  }));
}

interface ChangedType {
  readonly changes: readonly Change[];
  readonly objects: string[];
  /** Of both sides of every object. */
  readonly reaches: Reach[];
}

interface Change {
  /** The member or enumerator; undefined for the size. */
  readonly part: string | undefined;
  readonly text: string;
}

function changedTypes(old: TypeModel, fixed: TypeModel): ReadonlyMap<string, readonly Change[]> {
  const found = new Map<string, readonly Change[]>();
  for (const [name, type] of old.types) {
    const counterpart = fixed.types.get(name);
    if (counterpart === undefined) continue;
    const isEnum = name.startsWith("enum ");
    const changes = compareLayout(layoutOf(old, type), layoutOf(fixed, counterpart), isEnum);
    if (changes.length > 0) found.set(name, changes);
  }
  return found;
}

function compareLayout(old: Layout, fixed: Layout, isEnum: boolean): readonly Change[] {
  const changes: Change[] = [];
  if (old.size !== fixed.size) {
    changes.push({ part: undefined, text: `its size is ${old.size} → ${fixed.size} bytes` });
  }
  for (const [part, was] of old.parts) {
    const is = fixed.parts.get(part);
    if (is === undefined) changes.push({ part, text: `"${part}" is gone (${was})` });
    else if (is !== was) changes.push({ part, text: `"${part}" is at ${was} → ${is}` });
  }
  for (const [part, is] of fixed.parts) {
    // A value that nothing has yet changes no value.
    if (old.parts.has(part) || isEnum) continue;
    changes.push({ part, text: `"${part}" is new (${is})` });
  }
  return changes;
}

function judge(
  type: string,
  changes: readonly Change[],
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
    return { kind: "no-effect", rule: "allowed-layout", why: `allowed as ${byName}` };
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
