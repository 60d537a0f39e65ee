// Hooks of a payload below whose code the fix changes. Xen has called those that run when that payload is applied,
// and calls the others only after this payload was reverted: the new code would never run.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import type { ComparedObject } from "../../compare/compared-object.ts";
import { type Atom, namingSymbol, roleOf } from "../../diff/atom.ts";
import type { Comparison } from "../../diff/comparison.ts";
import type { SectionRole } from "../../diff/policy.ts";
import { usersOf } from "../../diff/users.ts";
import { shadowHookOf } from "../../payload/shadow-variables.ts";

/** Those of shadow variables may change: they do the same in every payload. */
export function refuseChangedHooks(
  objects: readonly Pick<ComparedObject, "pair" | "diff">[],
): readonly BuildRefusal[] {
  return objects.flatMap(({ pair, diff: { comparison, ledger } }) => {
    const hooks = new Set([...calledInHooksOnly(comparison)].map(({ name }) => name));
    const isHook = (what: string) => hooks.has(/^function "(.*)"$/.exec(what)?.[1] ?? "");
    return ledger
      .filter(({ what, side, disposition }) => {
        return side === "both" && disposition.kind === "carried" && isHook(what);
      })
      .map(({ what, reasons }) => ({
        rule: "uncalled-hook",
        what,
        where: pair.object,
        reasons: [
          ...reasons,
          "a payload below has it for its hooks only: Xen has called them, or does so when this payload is reverted, so that the new code never runs",
        ],
        remedy:
          "leave it as it is and add another hook, or build one payload of all fixes (--mode cumulative)",
      }));
  });
}

/** Sections with references that no code follows. */
const unused: ReadonlySet<SectionRole> = new Set(["discarded", "debug", "producer"]);

function calledInHooksOnly({ before }: Pick<Comparison, "before">): ReadonlySet<Atom> {
  const pointers = before.atoms.filter(
    (atom) => roleOf(atom) === "called-by-loader" && shadowHookOf(atom.name) === undefined,
  );
  if (pointers.length === 0) return new Set();
  const found = new Set(pointers);
  const isKnown = (atom: Atom) => {
    const users = [...usersOf([atom], before)].filter((one) => !unused.has(roleOf(one)));
    return (
      users.some((one) => found.has(one)) && users.every((one) => one === atom || found.has(one))
    );
  };
  const functions = before.atoms.filter(
    (atom) => atom.kind === "function" && namingSymbol(atom)?.binding === "STB_LOCAL",
  );
  for (let count = 0; count !== found.size; ) {
    count = found.size;
    for (const atom of functions) if (isKnown(atom)) found.add(atom);
  }
  return found;
}
