// The result for a pair that must change: replaced, copied, or refused, with the reasons.

import { findColdParent } from "../../elf/cold-part.ts";
import { ENDBR64_SIZE, startsWithEndbr64 } from "../../isa/endbr64.ts";
import { type Atom, roleOf, symbolSizeOf } from "../atom.ts";
import type { Comparison } from "../comparison.ts";
import type { Changes } from "../find-changes.ts";
import { maySetInHooks } from "../hook-reach.ts";
import { assemblyRemedy, type Inclusion } from "../include.ts";
import type { Disposition, NoEffectRule, RefusalRule } from "../ledger.ts";
import type { UnsafeFunction } from "../policy.ts";

export interface Judgement {
  readonly disposition: Disposition;
  /** Besides what differs; for refusals the rule's own reason. */
  readonly reason?: string | undefined;
}

const hookRemedy = (what: string): string =>
  `add a hook that ${what} when the payload is applied, or reboot into the fixed hypervisor`;

/** At least one; all refusals, when there are any. */
export function judgeChange(
  before: Atom,
  after: Atom,
  comparison: Comparison,
  { changes, inclusion }: { readonly changes: Changes; readonly inclusion: Inclusion },
): readonly Judgement[] {
  const refusals = refuseChange(before, after, comparison, changes);
  const [first] = refusals;
  if (first !== undefined) return refusals;
  const as = inclusion.carried.get(after);
  if (as !== undefined) {
    const isUnsafe = after.kind === "function" && findUnsafe(before, comparison) !== undefined;
    const despite = isUnsafe ? "unsafe-path" : undefined;
    return [{ disposition: { kind: "carried", as, ...(despite && { despite }) } }];
  }
  return [{ disposition: { kind: "no-effect", rule: "unreached" } }];
}

function refuseChange(
  before: Atom,
  after: Atom,
  comparison: Comparison,
  changes: Changes,
): readonly Judgement[] {
  const roles = [roleOf(before), roleOf(after)];
  if (roles.includes("init")) return judgeInit(before, after, comparison);
  if (roles.includes("called-by-loader")) return [refuseHook(after)];
  if (roles.includes("unsupported")) return [refuseSection(after)];
  if (roles.includes("per-cpu")) {
    const remedy = "keep per-CPU variables as they are; new state can live in plain variables";
    return [refusal("per-cpu", "its memory was allocated when each CPU came up", remedy)];
  }
  if (after.kind === "function") return refuseFunction(before, after, comparison);
  if (after.kind === "labelled-code") {
    return [refusal("assembly", "its symbol has no size", assemblyRemedy)];
  }
  if (roles.every((role) => role === "read-only")) {
    const leak = changes.escapes.get(after);
    const remedy = hookRemedy("corrects the values in place");
    return leak === undefined ? [] : [refusal(leak.rule, leak.why, remedy)];
  }
  return judgeWritable(before, after, comparison);
}

export function refuseSection({ rule, section }: Atom): Judgement {
  return refusal(
    "unsupported-section",
    rule.purpose ?? "it is not known what reads this section at run time",
    `leave what goes into "${section.name}" unchanged, or do it in a hook`,
  );
}

/** One of a payload below that the fix changes or removes. */
export function refuseHook({ rule }: Atom): Judgement {
  return refusal(
    "unsupported-section",
    rule.purpose ?? "what calls it does not see the change",
    "leave the hook as it is and add another one, or build one payload of all fixes (--mode cumulative)",
  );
}

function judgeInit(before: Atom, after: Atom, comparison: Comparison): readonly Judgement[] {
  const excuse = excuseInit(after, comparison);
  if (excuse !== undefined) return [excuse];
  const isCode = after.kind === "function" || after.kind === "labelled-code";
  if (isCode && roleOf(before) === "init" && roleOf(after) !== "init") return [];
  const allow = `allow it by name (--allow-init ${after.name}) when that is enough`;
  return isCode
    ? [
        refusal(
          "init-code",
          "it already ran when the hypervisor booted",
          `${hookRemedy("does what the new code would have done")}, or ${allow}`,
        ),
      ]
    : [
        refusal(
          "init-data",
          "it was used and freed when the hypervisor booted",
          `${hookRemedy("does what the new data would have led to")}, or ${allow}`,
        ),
      ];
}

/** Why a change of init code or init data need not take effect, if it need not. */
export function excuseInit({ kind, name }: Atom, { options }: Comparison): Judgement | undefined {
  const excuse = (rule: NoEffectRule, reason?: string): Judgement => ({
    disposition: { kind: "no-effect", rule },
    reason,
  });
  if (options.allowedInit?.has(name) ?? false) return excuse("allowed-init");
  const explanation = kind === "function" ? options.explainInit?.(name) : undefined;
  if (explanation !== undefined) return excuse("init-inlining", explanation);
  return options.initChanges === "left-to-hooks" ? excuse("left-to-hook") : undefined;
}

function refuseFunction(before: Atom, after: Atom, comparison: Comparison): readonly Judgement[] {
  // A cold part is not entered from outside: its parent's jump is enough.
  if (findColdParent(after.name) !== undefined) return [];
  const { policy } = comparison.options;
  const found: Judgement[] = [];
  const landing = before.bytes && startsWithEndbr64(before.bytes) ? ENDBR64_SIZE : 0;
  const size = symbolSizeOf(before);
  if (size < policy.jumpSize + landing) {
    found.push(
      refusal(
        "too-small",
        `it has ${size} bytes, and the jump to a new body needs ${policy.jumpSize + landing}`,
        "change its callers instead: a new function of another name, called by them",
      ),
    );
  }
  const unsafe = findUnsafe(before, comparison);
  if (unsafe !== undefined && !isAllowedUnsafe(before, comparison)) {
    const remedy = `reboot into the fixed hypervisor for this fix, or take the risk: --allow-unsafe ${before.name}`;
    found.push(refusal("unsafe-path", unsafe.reason, remedy));
  }
  return found;
}

function findUnsafe({ name }: Atom, { before, options }: Comparison): UnsafeFunction | undefined {
  return options.policy.unsafeFunctions.find(
    (unsafe) => unsafe.name.test(name) && (unsafe.file?.test(before.file) ?? true),
  );
}

function isAllowedUnsafe({ name }: Atom, { options }: Comparison): boolean {
  return options.allowedUnsafe?.has(name) ?? false;
}

function judgeWritable(before: Atom, after: Atom, comparison: Comparison): readonly Judgement[] {
  const { isInHooks } = comparison.options;
  if (before.size !== after.size) {
    const reason = `the hypervisor has ${before.size} bytes for it, the new code wants ${after.size}`;
    return [refusal("data-size", reason, "keep its type, and put new state into a new variable")];
  }
  if (
    isInHooks?.(before.name, comparison.before.file) === true ||
    maySetInHooks(after, comparison)
  ) {
    const reason = "it keeps its value, and a hook may set it";
    return [{ disposition: { kind: "no-effect", rule: "set-by-hook" }, reason }];
  }
  return [
    refusal(
      "data-initial-value",
      "it has been in use since the hypervisor booted, and its value is not set again",
      hookRemedy("sets its value"),
    ),
  ];
}

export function refusal(rule: RefusalRule, reason: string, remedy: string): Judgement {
  return { disposition: { kind: "refused", rule, remedy }, reason };
}
