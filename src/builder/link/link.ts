// From compared objects to a payload: binds the carried atoms to the hypervisor's own symbols, adds the
// hooks, and emits the file. Every symbol that cannot be bound is a refusal; all are reported at once.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import type { ComparedObject } from "../../compare/compared-object.ts";
import type { HeldFunctions } from "../../compare/held.ts";
import type { GuardPlan } from "../../guard/plan.ts";
import type { PatchContribution } from "../../pairs/contributions.ts";
import type { EmittedPayload } from "../../payload/emit/emit.ts";
import { type HeldBytes, namesOfHeldBytes } from "../../payload/emit/held-bytes.ts";
import type { SourceObject, StandingCode } from "../../payload/emit/input.ts";
import type { PayloadBelow, Surroundings } from "../../running/payload-below.ts";
import { ownPointerWarnings } from "../../running/pointer-warnings.ts";
import { standingCodeOf } from "../../running/standing-code.ts";
import { calledByNewCode } from "../../stacking/called.ts";
import { type GuardSubjects, reliedOn } from "../../stacking/guards.ts";
import { type CarriedFix, carryObject } from "../carry-object.ts";
import { inCallingOrder, warnOfOrder } from "../hooks/calling-order.ts";
import { bindHooks, type CompiledHooks } from "../hooks/compile-hooks.ts";
import { type BootOnlyReference, warnOfBootOnly } from "../init/references.ts";
import { functionsByNewName, type NamesOfFix, newNamesOf } from "../names-of-fix.ts";
import type { PayloadFacts } from "../payload-facts.ts";
import { keepRegisters } from "../registers/keep.ts";
import type { Target } from "../target.ts";
import { bindToXen, globalsOf } from "./bind.ts";
import {
  type BuiltFunction,
  type BuiltHook,
  builtFunctions,
  describeHooks,
  reasonsOf,
} from "./built-parts.ts";
import { warnOfAlternatives, warnOfCopies, warnOfPointers } from "./link-warnings.ts";
import { guardsOf, tryEmit } from "./try-emit.ts";

export interface LinkInput {
  readonly objects: readonly ComparedObject[];
  readonly hooks: CompiledHooks;
  readonly target: Target;
  readonly surroundings: Surroundings;
  /** The lowest first. */
  readonly payloads: readonly PayloadBelow[];
  readonly names: NamesOfFix;
  readonly contributions: readonly PatchContribution[];
  /** Members that were added to structures. */
  readonly added: readonly HeldBytes[];
  readonly facts: PayloadFacts;
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
  | LinkRefusal;

interface LinkRefusal {
  readonly kind: "refused";
  readonly refusals: readonly BuildRefusal[];
  /** Functions with which, were they carried as well, the refusals might go. */
  readonly toHold: HeldFunctions;
}

/** The objects must have no refusals of their own. @throws EmitError for inputs that contradict */
export function linkPayload(input: LinkInput): LinkResult {
  const { objects, target, payloads, names, surroundings, facts } = input;
  const bound = bindAll(input);
  if ("refusals" in bound) return refusedWith(bound.refusals);
  // From here every undefined symbol is one that the hypervisor or a payload below has.
  const { carried, sources, bootOnly } = bound;
  const replacements = carried.flatMap((object) => object.replacements);
  // Before emitting, because the emitter redirects references.
  const pointers = warnOfPointers(sources, replacements, surroundings);
  const subjects = subjectsOf(carried, input);
  const guards = guardsOf(subjects, { ...target, payloads, level: facts.stacking.guard });
  if ("rule" in guards) return refusedWith([guards]);
  const mayHold = facts.stacking.guard !== "none";
  const kept = keepRegisters(carried, { xen: target.xen, payloads, mayHold });
  if (kept.refusals.length > 0) return refusedWith(kept.refusals, kept.toHold);
  // From here no code goes on with registers that a body of somebody else's may change.
  const drafts = sources.map(({ draft }) => draft);
  const standing = standingCodeOf({ replaced: replacements, drafts }, target);
  const hooks = inCallingOrder([
    ...carried.flatMap((object) => object.hooks),
    ...input.hooks.hooks,
  ]);
  const builtHooks = describeHooks(hooks, carried, input.hooks);
  const emitted = tryEmit({
    ...facts,
    objects: sources,
    replacements,
    guards: guards.guards,
    uncovered: facts.stacking.guard === "none" ? [] : subjects.called,
    keeping: kept.keeping,
    standing: standing.code,
    // What is built with others below, or in their place, knows their members.
    exclusive:
      facts.stacking.mode === "independent" ? input.added.flatMap(namesOfHeldBytes) : undefined,
    hooks,
    reasons: reasonsOf(carried),
    newNames: newNamesOf(objects, names),
  });
  if (!("bytes" in emitted)) return refusedWith([emitted]);
  const functions = carried.flatMap((object) => builtFunctions(object, input.contributions));
  const warnings = [
    warnOfBootOnly(bootOnly),
    input.hooks.warnings,
    ...warnOfOrder(builtHooks),
    ...pointers,
    ...ownPointerWarnings(emitted.pointers, surroundings),
    ...warnOfAlternatives(sources, target.release, surroundings),
    ...standing.warnings,
    ...(facts.stacking.mode === "independent" ? warnOfCopies(objects) : []),
  ];
  const made = { functions, hooks: builtHooks, guards, bootOnly, standing: standing.code };
  return { kind: "linked", payload: { ...emitted, ...made }, warnings: warnings.join("") };
}

function refusedWith(
  refusals: readonly BuildRefusal[],
  toHold: HeldFunctions = new Map(),
): LinkRefusal {
  return { kind: "refused", refusals, toHold };
}

interface Bound {
  readonly carried: readonly CarriedFix[];
  /** Objects of the fix, then those of hooks. */
  readonly sources: readonly SourceObject[];
  readonly bootOnly: readonly BootOnlyReference[];
}

function bindAll({
  objects,
  hooks,
  surroundings,
  payloads,
  names,
}: LinkInput): Bound | Pick<LinkRefusal, "refusals"> {
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
  if (refusals.length > 0) return { refusals };
  const brought = carried.flatMap(({ draft }) => globalsOf(draft));
  bindHooks(hooks, surroundings, brought);
  const own = carried.map(({ object, draft }) => ({ source: object.pair.object, draft }));
  return { carried, sources: [...own, ...hooks.objects], bootOnly };
}

/** Whose old code Xen is to compare. */
function subjectsOf(
  carried: readonly CarriedFix[],
  { objects, payloads, names, surroundings }: LinkInput,
): GuardSubjects {
  const replaced = carried.flatMap(({ replacements }) => replacements).map((one) => one.oldName);
  const renamed = functionsByNewName(objects, names).map(({ inXen }) => inXen);
  return {
    replaced,
    relied: [...reliedOn(objects), ...renamed, ...staticsOfHooks(carried, surroundings)],
    called: calledByNewCode(objects, { payloads, names }),
  };
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
