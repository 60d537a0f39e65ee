// From compared objects to a payload: binds the carried atoms to the hypervisor's own symbols, adds the
// hooks, and emits the file. Every symbol that cannot be bound is a refusal; all are reported at once.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import type { ErrorReport } from "../error.ts";
import { GuardError } from "../guard/errors.ts";
import type { GuardPlan } from "../guard/plan.ts";
import type { PatchContribution } from "../pairs/contributions.ts";
import { type EmittedPayload, emitPayload } from "../payload/emit/emit.ts";
import { EmitError, type EmitInput, type Hook, type StandingCode } from "../payload/emit/input.ts";
import type { Reason } from "../payload/reasons.ts";
import type { PayloadBelow, Surroundings } from "../running/payload-below.ts";
import { ownPointerWarnings } from "../running/pointer-warnings.ts";
import { standingCodeOf } from "../running/standing-code.ts";
import { calledByNewCode } from "../stacking/called.ts";
import { type GuardSubjects, type GuardTarget, planGuards, reliedOn } from "../stacking/guards.ts";
import type { HookKind } from "../xen-abi/hooks.ts";
import { bindToXen, globalsOf } from "./bind.ts";
import { type CarriedFix, carryObject } from "./carry-object.ts";
import { inCallingOrder } from "./hooks/calling-order.ts";
import { bindHooks, type CompiledHooks } from "./hooks/compile-hooks.ts";
import { type BootOnlyReference, warnOfBootOnly } from "./init/references.ts";
import { warnOfAlternatives, warnOfCopies, warnOfPointers } from "./link-warnings.ts";
import { functionsByNewName, type NamesOfFix, newNamesOf } from "./names-of-fix.ts";
import { patchFinder } from "./patch-finder.ts";
import type { PayloadFacts } from "./payload-facts.ts";
import { keepRegisters } from "./registers/keep.ts";
import type { Target } from "./target.ts";

export interface LinkInput {
  readonly objects: readonly ComparedObject[];
  readonly hooks: CompiledHooks;
  readonly target: Target;
  readonly surroundings: Surroundings;
  /** The lowest first. */
  readonly payloads: readonly PayloadBelow[];
  readonly names: NamesOfFix;
  readonly contributions: readonly PatchContribution[];
  readonly facts: PayloadFacts;
}

export interface BuiltFunction {
  /** As spelt in Xen's symbol table. */
  readonly name: string;
  readonly object: string;
  readonly oldSizeBytes: number;
  readonly newSizeBytes: number;
  /** Why it gets a new body; at least one reason. */
  readonly why: readonly string[];
  /** Names of the patches that changed it; at least one. */
  readonly patches: readonly string[];
}

/** A function that Xen calls while it applies or reverts the payload. */
export interface BuiltHook {
  readonly kind: HookKind;
  readonly name: string;
  /** The object of Xen, or the author's file. */
  readonly source: string;
}

export interface LinkedPayload extends EmittedPayload {
  readonly functions: readonly BuiltFunction[];
  readonly hooks: readonly BuiltHook[];
  /** The old code that the payload carries, and the bytes of it that cannot be predicted. */
  readonly guards: GuardPlan;
  /** What it refers to as the old code did, though it is freed after boot. */
  readonly bootOnly: readonly BootOnlyReference[];
  readonly standing: StandingCode;
}

export type LinkResult =
  | {
      readonly kind: "linked";
      readonly payload: LinkedPayload;
      /** One line each, as those of `xsplice compile`. */
      readonly warnings: string;
    }
  | { readonly kind: "refused"; readonly refusals: readonly BuildRefusal[] };

/** The objects must have no refusals of their own. @throws EmitError for inputs that contradict */
export function linkPayload({
  objects,
  hooks,
  target,
  surroundings,
  payloads,
  names,
  contributions,
  facts,
}: LinkInput): LinkResult {
  const carried = objects
    .filter(({ diff }) => diff.outcome === "patchable")
    .map((object) => carryObject(object, surroundings, payloads));
  const { refusals, bootOnly } = bindToXen(
    carried.map(({ object: { pair, broughtFor }, ...rest }) => {
      const statics = pair.hookFile === undefined ? "out of reach" : "by name";
      return { name: pair.hookFile ?? pair.object, broughtFor, statics, ...rest };
    }),
    names,
    surroundings,
  );
  if (refusals.length > 0) return { kind: "refused", refusals };
  const brought = carried.flatMap(({ draft }) => globalsOf(draft));
  bindHooks(hooks, surroundings, brought);
  // From here every undefined symbol is one that the hypervisor or a payload below has.
  const own = carried.map(({ object, draft }) => ({ source: object.pair.object, draft }));
  const sources = [...own, ...hooks.objects];
  const replacements = carried.flatMap((object) => object.replacements);
  // Before emitting, because the emitter redirects references.
  const pointers = warnOfPointers(sources, replacements, surroundings);
  const replaced = replacements.map(({ oldName }) => oldName);
  const renamed = functionsByNewName(objects, names).map(({ inXen }) => inXen);
  const relied = [...reliedOn(objects), ...renamed, ...staticsOfHooks(carried, surroundings)];
  const called = calledByNewCode(objects, { payloads, names });
  const subjects = { replaced, relied, called };
  const guards = guardsOf(subjects, { ...target, payloads, level: facts.stacking.guard });
  if ("rule" in guards) return { kind: "refused", refusals: [guards] };
  const kept = keepRegisters(carried, { xen: target.xen, payloads });
  if (kept.refusals.length > 0) return { kind: "refused", refusals: kept.refusals };
  // From here no code goes on with registers that a body of somebody else's may change.
  const drafts = sources.map(({ draft }) => draft);
  const standing = standingCodeOf({ replaced: replacements, drafts }, target);
  const allHooks = inCallingOrder([...carried.flatMap((object) => object.hooks), ...hooks.hooks]);
  const builtHooks = describeHooks(allHooks, carried, hooks);
  const emitted = emit({
    ...facts,
    objects: sources,
    replacements,
    guards: guards.guards,
    uncovered: facts.stacking.guard === "none" ? [] : called,
    keeping: kept.keeping,
    standing: standing.code,
    hooks: allHooks,
    reasons: reasonsOf(carried),
    newNames: newNamesOf(objects, names),
  });
  if (!("bytes" in emitted)) return { kind: "refused", refusals: [emitted] };
  const ownPointers = ownPointerWarnings(emitted.pointers, surroundings);
  const alternatives = warnOfAlternatives(sources, target.release, surroundings);
  const functions = carried.flatMap((object) => builtFunctions(object, contributions));
  const copies = facts.stacking.mode === "independent" ? warnOfCopies(objects) : [];
  return {
    kind: "linked",
    payload: {
      ...emitted,
      functions,
      hooks: builtHooks,
      guards,
      bootOnly,
      standing: standing.code,
    },
    warnings: [
      warnOfBootOnly(bootOnly),
      hooks.warnings,
      ...pointers,
      ...ownPointers,
      ...alternatives,
      ...standing.warnings,
      ...copies,
    ].join(""),
  };
}

/** Before the emitter gives them other names. */
function describeHooks(
  hooks: readonly Hook[],
  carried: readonly CarriedFix[],
  { objects }: CompiledHooks,
): readonly BuiltHook[] {
  return hooks.map((hook) => {
    const { kind, code } = hook;
    const own = carried.find((one) => one.hooks.includes(hook))?.object.pair;
    const file = objects.find(({ draft }) => draft.symbols.includes(code))?.source;
    return { kind, name: code.name, source: own?.hookFile ?? own?.object ?? file ?? "" };
  });
}

/** Static functions of Xen to which files of hooks refer, by their names in Xen's table. */
function staticsOfHooks(
  carried: readonly CarriedFix[],
  { byName }: Surroundings,
): readonly string[] {
  return carried
    .filter(({ object }) => object.pair.hookFile !== undefined)
    .flatMap(({ draft }) => draft.symbols)
    .filter(({ place, name }) => place === "undefined" && name.includes("#"))
    .filter(({ name }) => byName.get(name)?.kind === "function")
    .map(({ name }) => name);
}

function builtFunctions(
  { object, replacements }: Pick<CarriedFix, "object" | "replacements">,
  contributions: readonly PatchContribution[],
): readonly BuiltFunction[] {
  const patchesOf = patchFinder(object, contributions);
  return replacements.map(({ oldName, oldSizeBytes, newBody }, index) => {
    const { before, reasons = [] } = object.diff.replaced[index] ?? {};
    return {
      name: oldName,
      object: object.pair.object,
      oldSizeBytes,
      newSizeBytes: Number(newBody.size),
      why: reasons,
      patches: patchesOf(before?.name ?? oldName),
    };
  });
}

/** Carried in the payload; the report has it as well. */
function reasonsOf(
  carried: readonly Pick<CarriedFix, "object" | "replacements">[],
): readonly Reason[] {
  return carried.flatMap(({ object, replacements }) =>
    replacements.flatMap(({ oldName }, index) =>
      (object.diff.replaced[index]?.reasons ?? []).map((text) => ({ function: oldName, text })),
    ),
  );
}

function guardsOf(subjects: GuardSubjects, target: GuardTarget): GuardPlan | BuildRefusal {
  try {
    return planGuards(subjects, target);
  } catch (error) {
    if (error instanceof GuardError) return refusalOf("guard-too-large", error.report);
    throw error;
  }
}

function emit(input: EmitInput): EmittedPayload | BuildRefusal {
  try {
    return emitPayload(input);
  } catch (error) {
    if (!(error instanceof EmitError)) throw error;
    // Refusals that the author can only avoid by changing the fix, not by an option.
    const rules: readonly string[] = ["emit/too-large", "emit/short-branch", "emit/unsupported"];
    const { code } = error.report;
    if (!rules.includes(code)) throw error;
    return refusalOf(code.slice("emit/".length), error.report);
  }
}

function refusalOf(
  rule: string,
  { problem, where, expected, remedy }: ErrorReport<string>,
): BuildRefusal {
  const reasons = [problem, ...(expected === undefined ? [] : [`expected: ${expected}`])];
  return { rule, what: "payload", where: where ?? "the payload as a whole", reasons, remedy };
}
