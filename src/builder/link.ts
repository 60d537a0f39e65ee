// From compared objects to a payload: what is carried is bound to the hypervisor's own symbols, hooks
// are added, and the emitter makes the file. Whatever cannot be bound is a refusal, all at once.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import { type CarriedObject, carryChanges } from "../diff/carry/carry.ts";
import type { NameInXen } from "../diff/carry/name-in-xen.ts";
import { SymbolBinding, SymbolType, SymbolVisibility } from "../elf/constants.ts";
import type { DraftSymbol } from "../elf/draft.ts";
import type { ErrorReport } from "../error.ts";
import { GuardError } from "../guard/errors.ts";
import type { GuardPlan } from "../guard/plan.ts";
import type { PatchContribution } from "../pairs/contributions.ts";
import { type EmittedPayload, emitPayload } from "../payload/emit/emit.ts";
import { EmitError, type EmitInput, type SourceObject } from "../payload/emit/input.ts";
import type { Reason } from "../payload/reasons.ts";
import { pointerWarnings } from "../running/landing-marks.ts";
import type { Foundation, Surroundings } from "../running/payload-below.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import { planGuards, reliedOn } from "../stacking/guards.ts";
import { nameOfSymbol } from "../stacking/names.ts";
import type { Release } from "../xen-abi/release.ts";
import { bindToXen, globalsOf } from "./bind.ts";
import { bindHooks, type CompiledHooks } from "./hooks.ts";
import { patchFinder } from "./patch-finder.ts";

export interface LinkInput {
  readonly objects: readonly ComparedObject[];
  readonly contributions: readonly PatchContribution[];
  readonly hooks: CompiledHooks;
  readonly xen: XenSyms;
  readonly release: Release;
  readonly surroundings: Surroundings;
  readonly foundation: Foundation;
  readonly emit: Omit<EmitInput, "objects" | "replacements" | "guards" | "hooks">;
}

export interface BuiltFunction {
  /** As Xen's table spells it. */
  readonly name: string;
  readonly object: string;
  readonly oldSizeBytes: number;
  readonly newSizeBytes: number;
  /** Why it gets a new body; at least one. */
  readonly why: readonly string[];
  /** Names of the patches that changed it; at least one. */
  readonly patches: readonly string[];
}

export type LinkResult =
  | {
      readonly kind: "linked";
      readonly payload: EmittedPayload;
      readonly functions: readonly BuiltFunction[];
      readonly guards: GuardPlan;
      /** One line each, as those of `xsplice compile`. */
      readonly warnings: string;
    }
  | { readonly kind: "refused"; readonly refusals: readonly BuildRefusal[] };

/** The objects must have no refusals of their own. @throws EmitError for inputs that contradict */
export function linkPayload(input: LinkInput): LinkResult {
  const carried = input.objects
    .filter(({ diff }) => diff.outcome === "patchable")
    .map((object) => carryObject(object, input));
  const refusals = bindToXen(
    carried.map(({ object, ...rest }) => ({ name: object.pair.object, ...rest })),
    input.surroundings,
  );
  if (refusals.length > 0) return { kind: "refused", refusals };
  bindHooks(
    input.hooks,
    input.surroundings,
    carried.flatMap(({ draft }) => globalsOf(draft)),
  );
  // From here every undefined symbol is one that the hypervisor or the payload below has.
  const sources = carried.map(({ object, draft }) => ({ source: object.pair.object, draft }));
  const objects = [...sources, ...input.hooks.objects];
  const replacements = carried.flatMap((object) => object.replacements);
  // Before emitting, which leads references elsewhere.
  const warnings = warningsOf(input, objects, replacements);
  const reasons = reasonsOf(carried);
  const guards = guardsOf(input, replacements);
  if ("rule" in guards) return { kind: "refused", refusals: [guards] };
  const rest = { ...input.emit, reasons, guards: guards.guards };
  const emitted = emit({ ...rest, objects, replacements, hooks: input.hooks.hooks });
  if (!("bytes" in emitted)) return { kind: "refused", refusals: [emitted] };
  const functions = carried.flatMap(({ object, replacements }) => {
    const patchesOf = patchFinder(object, input.contributions);
    return replacements.map(({ oldName, oldSizeBytes, newBody }, index): BuiltFunction => {
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
  });
  return { kind: "linked", payload: emitted, functions, guards, warnings };
}

/** Travels in the payload; the report has it besides. */
function reasonsOf(
  carried: readonly (Pick<CarriedObject, "replacements"> & { readonly object: ComparedObject })[],
): readonly Reason[] {
  return carried.flatMap(({ object, replacements }) =>
    replacements.flatMap(({ oldName }, index) =>
      (object.diff.replaced[index]?.reasons ?? []).map((text) => ({ function: oldName, text })),
    ),
  );
}

function warningsOf(
  input: LinkInput,
  objects: readonly SourceObject[],
  replacements: CarriedObject["replacements"],
): string {
  const { hooks, surroundings } = input;
  const drafts = objects.map(({ draft }) => draft);
  const replaced = replacements.flatMap(({ oldName, newBody }) => {
    const xenFunction = surroundings.byName.get(oldName);
    return xenFunction === undefined ? [] : [{ newBody, xenFunction }];
  });
  const pointers = pointerWarnings(drafts, replaced, surroundings);
  return [hooks.warnings, ...pointers, ...copyWarnings(input)].join("");
}

/** No old code tells of a constant: Xen's own stays as it is, and only this payload reads the copy. */
function copyWarnings({ objects, emit: { stacking } }: LinkInput): readonly string[] {
  if (stacking.mode !== "independent") return [];
  const copies = objects.flatMap(({ diff: { carried } }) =>
    [...carried].flatMap(([atom, as]) => (as === "copy" ? [atom.name] : [])),
  );
  return copies.map(
    (name) =>
      `warning: "${name}" comes as a changed copy: an independent payload whose code begins to read it would read the hypervisor's old one; build that one with --on\n`,
  );
}

/** Symbols of the hypervisor and of payloads below under the names that they have there. */
function carryObject(
  object: ComparedObject,
  { surroundings: { byName }, foundation: { payloads } }: LinkInput,
): CarriedObject & { readonly object: ComparedObject } {
  const { diff, steps } = object;
  const top = diff.comparison.before;
  const nameInXen: NameInXen = (symbol) => nameOfSymbol({ steps, top }, symbol, payloads);
  const carried = carryChanges(diff, nameInXen);
  // Static names are told apart by the file in front, in the symbol map as in Xen's table.
  carried.draft.symbols.unshift(fileSymbol(diff.comparison.after.file));
  const replacements = carried.replacements.map((replacement) => ({
    ...replacement,
    // A payload below may have given it a body of another size; the jump is for the first one.
    oldSizeBytes: byName.get(replacement.oldName)?.sizeBytes ?? replacement.oldSizeBytes,
  }));
  return { ...carried, replacements, object };
}

function fileSymbol(name: string): DraftSymbol {
  return {
    name,
    value: 0n,
    size: 0n,
    binding: SymbolBinding.STB_LOCAL,
    type: SymbolType.STT_FILE,
    visibility: SymbolVisibility.STV_DEFAULT,
    place: "absolute",
  };
}

function guardsOf(
  { objects, xen, release, foundation: { payloads }, emit: { stacking } }: LinkInput,
  replacements: CarriedObject["replacements"],
): GuardPlan | BuildRefusal {
  const replaced = replacements.map(({ oldName }) => oldName);
  try {
    return planGuards(
      { replaced, relied: reliedOn(objects) },
      { xen, release, level: stacking.guard, payloads },
    );
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
    // What the author of the fix can do something about, and no option of his.
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
