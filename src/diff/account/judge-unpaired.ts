// The result for functions and variables that exist on one side only and that the payload need not
// carry.

import { type Atom, roleOf } from "../atom.ts";
import type { Comparison } from "../comparison.ts";
import { assemblyRemedy } from "../include.ts";
import type { RefusalRule } from "../ledger.ts";
import type { SectionRole } from "../policy.ts";
import { findNewState, isState } from "../state.ts";
import { excuseInit, type Judgement, refusal, refuseHook, refuseSection } from "./judge-change.ts";

/** `atom` is of the object before. */
export function judgeGone(atom: Atom, comparison: Comparison): Judgement {
  switch (roleOf(atom)) {
    case "init":
      return judgeInit(atom, comparison, "it had its effect when the hypervisor booted");
    case "called-by-loader":
      return refuseHook(atom);
    case "unsupported":
      return refuseSection(atom);
    default: {
      const crossed = judgeCrossed(atom, comparison);
      if (crossed !== undefined) return crossed;
      const lost = judgeLost(atom, comparison);
      if (lost !== undefined) return lost;
      const holder = findHolder(atom, comparison);
      if (holder === undefined) {
        return {
          disposition: { kind: "no-effect", rule: "no-longer-used" },
          reason: "nothing new refers to it",
        };
      }
      return refusal(
        "held-address",
        `"${holder.name}" passed on its address, and it is not known who still calls it`,
        "keep a function of that name, which does what the old one should do now",
      );
    }
  }
}

/** On either side. */
function judgeCrossed(atom: Atom, { crossed }: Comparison): Judgement | undefined {
  const found = crossed.get(atom);
  if (found === undefined) return undefined;
  return {
    disposition: { kind: "no-effect", rule: "defined-elsewhere" },
    reason: `it is the one of ${found.other}, and the hypervisor's own stays in use`,
  };
}

/**
 * A variable's value has changed since the hypervisor booted. If one is removed while another is added,
 * it may have been renamed or split; nothing shows it, and the new one would start with its initial
 * value.
 */
function judgeLost(atom: Atom, comparison: Comparison): Judgement | undefined {
  const { options } = comparison;
  if (!isState(atom)) return undefined;
  const here = findNewState(comparison).map(({ name }) => `"${name}"`);
  const newcomers = [...here, ...(options.newElsewhere?.get(atom.name) ?? [])];
  if (newcomers.length === 0) return undefined;
  const names = newcomers.join(", ");
  const reason = `the new variables do not get its value: ${names}`;
  if (options.allowedLost?.has(atom.name) ?? false) {
    return { disposition: { kind: "no-effect", rule: "allowed-lost" }, reason };
  }
  return refusal(
    "data-lost",
    reason,
    `keep its name; or, if what it holds may be lost, allow it by name (--allow-fresh-data ${atom.name})`,
  );
}

/** Not in memory when the hypervisor runs, whatever they refer to; or refused themselves when they go. */
const absentRoles: readonly SectionRole[] = ["discarded", "debug", "producer", "called-by-loader"];

/** Code that takes the address of a function other than to call it directly. */
function findHolder(atom: Atom, { before }: Comparison): Atom | undefined {
  if (atom.kind !== "function") return undefined;
  return [...(before.referrers.get(atom) ?? [])].find(
    ({ kind, rule, references }) =>
      kind !== "entry" &&
      !absentRoles.includes(rule.role) &&
      references.some(
        ({ target, use }) =>
          use !== "branch" && target.kind === "atom" && target.atom === atom && target.offset === 0,
      ),
  );
}

/** `atom` is of the object after. */
export function judgeUncarried(atom: Atom, comparison: Comparison): Judgement {
  const crossed = judgeCrossed(atom, comparison);
  if (crossed !== undefined) return crossed;
  switch (roleOf(atom)) {
    case "init":
      return judgeInit(atom, comparison, "it would have its effect only while booting");
    case "unsupported":
      return refuseSection(atom);
    case "per-cpu":
      return refusal(
        "per-cpu",
        "the per-CPU areas have no room for a new variable",
        "use a plain array with one element for each processor",
      );
    default:
      if (atom.kind === "labelled-code") {
        return refusal("assembly", "its symbol has no size", assemblyRemedy);
      }
      return {
        disposition: { kind: "no-effect", rule: "unreached" },
        reason: "nothing that the payload carries refers to it",
      };
  }
}

function judgeInit(atom: Atom, comparison: Comparison, reason: string): Judgement {
  const excuse = excuseInit(atom, comparison);
  if (excuse !== undefined) return { reason, ...excuse };
  const rule: RefusalRule = atom.kind === "data" ? "init-data" : "init-code";
  const remedy = `add a hook for what it means, or allow it by name (--allow-init ${atom.name})`;
  return refusal(rule, reason, remedy);
}
