// A draft of hooks for a fix that cannot be carried as it is, from what the comparison knows: variables and
// their new values, what an init function calls now, new per-CPU variables, structures that grew, functions
// that only a new CPU runs. A C file for --hooks, which somebody has to read and finish.

import { basename } from "node:path";
import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import type { BuiltFix } from "../built-fix.ts";
import { bringUpFunctions } from "../conclude/warnings.ts";
import { comment } from "./c-text.ts";
import { draftBringUp } from "./init.ts";
import type { DraftPart } from "./part.ts";
import { partsOfRefusals } from "./parts.ts";

export interface HookDraft {
  readonly text: string;
  /** What it is about, as in the report: `per-cpu: variable "count"`. */
  readonly drafted: readonly string[];
  /** Refusals that no hook can help with. */
  readonly left: readonly string[];
}

/** Undefined when the fix needs no hook. */
export function draftHooks({ refusals, findings }: BuiltFix): HookDraft | undefined {
  const { objects, fit, target, prepared } = findings;
  // What goes when its cause goes needs no hook.
  const own = new Set(
    refusals.filter(({ causes = [] }) => causes.length === 0).map((one) => titleOf(one)),
  );
  const parts = [
    ...partsOfRefusals(objects, fit.layouts).filter(({ of }) => own.has(of)),
    ...[draftBringUp(bringUpFunctions(objects, target))].flatMap((part) => part ?? []),
  ];
  if (parts.length === 0) return undefined;
  const drafted = parts.map(({ of }) => of);
  const left = [...own].filter((of) => !drafted.includes(of));
  const patches = prepared.account.ledger.map(({ patch }) => basename(patch));
  return { text: textOf(parts, { left, patches: [...new Set(patches)] }), drafted, left };
}

/** Like those of the parts. */
function titleOf({ rule, what }: Pick<BuildRefusal, "rule" | "what">): string {
  return `${rule}: ${what}`;
}

function textOf(
  parts: readonly DraftPart[],
  { left, patches }: { readonly left: readonly string[]; readonly patches: readonly string[] },
): string {
  const headers = ["xen/lib.h", ...parts.flatMap((part) => part.headers)];
  const ours = headers.filter((one) => one.startsWith("xsplice/"));
  const order = [...headers.filter((one) => !ours.includes(one)).sort(), ...ours];
  const toEdit = parts.filter(({ state }) => state === "edit").length;
  const head = comment(
    `Hooks for ${patches.join(", ")}, drafted by xsplice build --draft-hooks: read each part, edit it, and`,
    "build with --hooks THIS_FILE.",
    ...(toEdit > 0
      ? [`An #error stands where the draft would be wrong as it is: ${toEdit} in all.`]
      : []),
    ...(left.length > 0 ? ["", "No hook helps with:", ...left.map((one) => ` - ${one}`)] : []),
  );
  const includes = [...new Set(order)].map((one) => `#include <${one}>`).join("\n");
  return `${[head, includes, ...parts.map(({ text }) => text.trimEnd())].join("\n\n")}\n`;
}
