// What becomes of functions and variables that only one side has, and that the payload need not carry.

import { type Atom, roleOf } from "./atom.ts";
import type { Comparison } from "./comparison.ts";
import { assemblyRemedy } from "./include.ts";
import { type Judgement, refusal, refuseSection } from "./judge-change.ts";
import type { RefusalRule } from "./ledger.ts";

/** `atom` is of the object before. */
export function judgeGone(atom: Atom, comparison: Comparison): Judgement {
  switch (roleOf(atom)) {
    case "init":
      return judgeInit(atom, comparison, "it had its effect when the hypervisor booted");
    case "unsupported":
      return refuseSection(atom);
    default:
      return {
        disposition: { kind: "no-effect", rule: "no-longer-used" },
        reason: "nothing new refers to it",
      };
  }
}

/** `atom` is of the object after. */
export function judgeUncarried(atom: Atom, comparison: Comparison): Judgement {
  switch (roleOf(atom)) {
    case "init":
      return judgeInit(atom, comparison, "it would have its effect only while booting");
    case "unsupported":
      return refuseSection(atom);
    case "per-cpu":
      return refusal(
        "per-cpu",
        "no processor has a place for a new per-CPU variable",
        "use a plain array with one element for each processor",
      );
    default:
      if (atom.kind === "labelled-code") {
        return refusal("assembly", "its symbol does not say how long it is", assemblyRemedy);
      }
      return {
        disposition: { kind: "no-effect", rule: "unreached" },
        reason: "nothing that the payload carries refers to it",
      };
  }
}

function judgeInit(atom: Atom, { options }: Comparison, reason: string): Judgement {
  if (options.allowedInit?.has(atom.name) ?? false) {
    return { disposition: { kind: "no-effect", rule: "allowed-init" }, reason };
  }
  const rule: RefusalRule = atom.kind === "data" ? "init-data" : "init-code";
  const remedy = `add a hook for what it means, or allow it by name (--allow-init ${atom.name})`;
  return refusal(rule, reason, remedy);
}
