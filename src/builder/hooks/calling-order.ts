// In which order Xen is to call the load and unload hooks of a payload. The author's stand in the order of the
// source, as far as the compiler keeps it; shadow variables (share/include/xsplice/shadow.h) must be there
// for all of them, in whatever file or line they stand: they join before the first, and leave after the last.

import type { Hook } from "../../payload/emit/input.ts";
import { shadowHookOf } from "../../payload/shadow-variables.ts";
import type { HookKind } from "../../xen-abi/hooks.ts";

export function inCallingOrder(hooks: readonly Hook[]): readonly Hook[] {
  const turnOf = ({ code }: Hook) => turns[shadowHookOf(code.name) ?? "author"];
  return [...hooks].sort((left, right) => turnOf(left) - turnOf(right));
}

/**
 * One line for each kind of which several files have hooks: nobody wrote down an order for them.
 * @param hooks in the order in which Xen calls them
 */
export function warnOfOrder(hooks: readonly PlacedHook[]): readonly string[] {
  const own = hooks.filter(({ name }) => shadowHookOf(name) === undefined);
  return [...new Set(own.map(({ kind }) => kind))].flatMap((kind) => {
    const all = own.filter((hook) => hook.kind === kind);
    const [names, sources] = [all.map(({ name }) => name), all.map(({ source }) => source)];
    if (new Set(sources).size < 2 || new Set(names).size < 2) return [];
    const told = all.map(({ name, source }) => `"${name}" of ${source}`).join(", ");
    return [
      `warning: Xen calls the ${kind} hooks of several files in this order, that of their objects: ${told}; where it matters, call them from one hook\n`,
    ];
  });
}

interface PlacedHook {
  readonly kind: HookKind;
  readonly name: string;
  /** The object of Xen, or the author's file. */
  readonly source: string;
}

const turns = { join: 0, author: 1, leave: 2 } as const;
