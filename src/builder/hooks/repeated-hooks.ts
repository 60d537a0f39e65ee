// A hook that the author wrote once, in a file that Xen compiles into several objects: common/kernel.c, for
// instance, a second time for 32-bit guests. Each object has a hook of its own then, and Xen calls all of
// them. No object can do without: its static variables are its own, too.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import { declaredAt } from "../../compare/declared-at.ts";
import { openElf } from "../../elf/open.ts";
import type { ObjectPair } from "../../pairs/object-pair.ts";
import { type HookKind, hookRules } from "../../xen-abi/hooks.ts";
import type { HookInSource } from "./hooks-in-source.ts";

export interface RepeatedHook {
  readonly kind: HookKind;
  readonly name: string;
  /** More than one. */
  readonly objects: readonly string[];
}

/** The hooks of shadow variables are written to be run more than once. */
export function repeatedHooks(
  hooks: readonly HookInSource[],
  pairs: readonly ObjectPair[],
): readonly RepeatedHook[] {
  const own = hooks.filter(({ of }) => of === "author");
  const byPlace = new Map<string, HookInSource[]>();
  for (const hook of own) {
    if (own.filter(({ pointer }) => pointer === hook.pointer).length < 2) continue;
    const pair = pairs.find(({ object }) => object === hook.object);
    if (pair === undefined) continue;
    const at = declaredAt(openElf(pair.after, pair.object), hook.pointer);
    if (at === undefined) continue;
    const place = `${hook.pointer} ${at}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), hook]);
  }
  return [...byPlace.values()].flatMap(([first, ...others]): RepeatedHook[] => {
    if (first === undefined || others.length === 0) return [];
    const { kind, name } = first;
    return [{ kind, name, objects: [first, ...others].map(({ object }) => object) }];
  });
}

/** Of load and unload hooks a payload may have several. */
export function warnOfRepeatedHooks(repeated: readonly RepeatedHook[]): string {
  return repeated
    .filter(({ kind }) => hookRules[kind].count !== "one")
    .map(
      ({ kind, name, objects }) =>
        `warning: ${kind} hook "${name}" runs ${objects.length} times: its file is compiled into ${listed(objects)}; ${ONCE}\n`,
    )
    .join("");
}

export function refuseRepeatedHooks(repeated: readonly RepeatedHook[]): readonly BuildRefusal[] {
  return repeated
    .filter(({ kind }) => hookRules[kind].count === "one")
    .map(
      ({ kind, name, objects }): BuildRefusal => ({
        rule: "repeated-hook",
        what: `hook "${kind}"`,
        where: listed(objects),
        reasons: [
          `the file that has "${name}" is compiled into ${objects.length} objects, and a payload can have one ${kind} hook`,
        ],
        remedy: ONCE,
      }),
    );
}

/** A header can be in hundreds. */
function listed(objects: readonly string[]): string {
  const [more, shown] = [objects.length - SHOWN, objects.slice(0, SHOWN).join(", ")];
  return more > 0 ? `${shown} and ${more} more` : shown;
}

const SHOWN = 3;

const ONCE =
  'to have it once, put it into a file of --hooks, or into one of the objects ("#ifndef COMPAT" leaves out those in compat/)';
