// What a payload is made of, for its report and for the reasons that it carries.

import type { PatchContribution } from "../../pairs/contributions.ts";
import type { Hook } from "../../payload/emit/input.ts";
import type { Reason } from "../../payload/reasons.ts";
import type { HookKind } from "../../xen-abi/hooks.ts";
import type { CarriedFix } from "../carry-object.ts";
import type { CompiledHooks } from "../hooks/compile-hooks.ts";
import { patchFinder } from "../patch-finder.ts";

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

/** Before the emitter gives them other names. */
export function describeHooks(
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

export function builtFunctions(
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
export function reasonsOf(
  carried: readonly Pick<CarriedFix, "object" | "replacements">[],
): readonly Reason[] {
  return carried.flatMap(({ object, replacements }) =>
    replacements.flatMap(({ oldName }, index) =>
      (object.diff.replaced[index]?.reasons ?? []).map((text) => ({ function: oldName, text })),
    ),
  );
}
