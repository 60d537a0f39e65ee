// The passes of `xsplice build` after the compiler: from pairs of objects to a payload, or to every
// reason why there is none.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { CompareOptions } from "../compare/compare.ts";
import { compareAll } from "../compare/compare-all.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import { type HeldFunctions, holdMore } from "../compare/held.ts";
import { CompareMemory } from "../compare/memory.ts";
import { xenSectionPolicy } from "../diff/xen-policy.ts";
import type { PreparedPairs } from "../pairs/prepared-pairs.ts";
import type { PayloadSources } from "../payload/made-from/sources.ts";
import { compareWithPrevious } from "../stacking/cumulative.ts";
import { unsafeFunctions } from "../xen-abi/unpatchable.ts";
import type { Timings } from "../xen-make/timings.ts";
import type { AllowedNames, BuildOptions, Metadata } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";
import { conclude } from "./conclude/conclude.ts";
import { refusalsBeforeLinking } from "./conclude/refusals.ts";
import { checkFit, type Fit } from "./fit.ts";
import { refuseChangedHooks } from "./hooks/changed-hooks.ts";
import { type CompiledHooks, compileHooks } from "./hooks/compile-hooks.ts";
import type { HookFiles } from "./hooks/hook-files.ts";
import { hooksInSource, refuseUncalledShadows } from "./hooks/hooks-in-source.ts";
import { namesSetInHooks } from "./hooks/names-set.ts";
import { refuseRepeatedHooks, repeatedHooks, warnOfRepeatedHooks } from "./hooks/repeated-hooks.ts";
import { type LinkResult, linkPayload } from "./link/link.ts";
import { metadataOf } from "./metadata.ts";
import { type NamesOfFix, namesOfFix } from "./names-of-fix.ts";
import { payloadFacts, sourcesOf } from "./payload-facts.ts";
import { type Place, placePayload } from "./place.ts";
import type { Hypervisor, Target } from "./target.ts";
import { withUnlinked } from "./unlinked.ts";

/** @throws BuilderError, DiffError, ElfError, EmitError; BuildError when further compiling fails */
export async function finishFix(
  prepared: PreparedPairs,
  hypervisor: Hypervisor,
  options: BuildOptions & { readonly hookFiles: HookFiles },
  timings: Timings,
): Promise<BuiltFix> {
  const { inputs, hookFiles, stacking, allowed, label, run } = options;
  const place = placePayload(prepared.source, hypervisor, options);
  // From here the payload's place is decided: its release, the payloads below, how it is combined with
  // others.
  const hooks = await timings.measureAsync("compile hooks", () =>
    compileHooks(hookFiles.others, place.surroundings, run),
  );
  const sources = sourcesOf(prepared.source.compiler.version, hooks, hookFiles);
  const inSource = hooksInSource(prepared.pairs);
  const repeated = repeatedHooks(inSource, prepared.pairs);
  const hookKinds = [...hooks.hooks, ...inSource].map(({ kind }) => kind);
  // From here it is known which hooks the payload will have.
  const known = whatIsKnown(place.target, allowed, {
    areThere: hooks.hooks.length > 0 || inSource.some((hook) => hook.of === "author"),
    setNames: namesSetInHooks(hooks, prepared.pairs),
  });
  const metadata = metadataOf(inputs.patches, label);
  const memory = new CompareMemory();
  const attempt = async (held: HeldFunctions): Promise<Attempt> => {
    const fix = await compareFix(prepared, { place, known: { ...known, held }, memory }, timings);
    // From here every difference is carried, without effect by a named rule, or refused, and every global
    // name of the patched source is mapped to its name in the hypervisor.
    const fit = timings.measure("fit", () => fitFix(fix, place, prepared, options));
    // From here the running code is known to be what the fix was compared with, or a refusal names the
    // difference.
    const refused = [
      ...refusalsBeforeLinking(
        { prepared, objects: fix.objects, fit },
        { mode: stacking.mode, hooks: hookKinds },
      ),
      ...refuseUncalledShadows(inSource, hookKinds),
      ...refuseRepeatedHooks(repeated),
      ...refuseChangedHooks(fix.objects),
    ];
    if (refused.length > 0 || !changesAnything(fix, hooks)) return { fix, fit, refused };
    const linked = timings.measure("emit", () =>
      linkFix(fix, { place, hooks, prepared, described: { metadata, sources }, fit }),
    );
    return { fix, fit, refused, linked };
  };
  const { fix, fit, refused, linked } = await withHeld(attempt);
  // From here every symbol is bound, and the payload's bytes are final.
  const succession =
    linked?.kind === "linked" && stacking.previous !== undefined
      ? compareWithPrevious(stacking.previous, linked.payload, allowed.freshData)
      : undefined;
  return conclude(
    { refused, linked, allowed, hookWarnings: warnOfRepeatedHooks(repeated) },
    {
      prepared,
      target: place.target,
      stacking: place.decided,
      objects: fix.objects,
      fit,
      metadata,
      succession,
      phases: timings.phases,
    },
  );
}

interface Attempt {
  readonly fix: ComparedFix;
  readonly fit: Fit;
  readonly refused: readonly BuildRefusal[];
  readonly linked?: LinkResult;
}

/** Each function that is held may call others that have to be. */
const HOLD_ROUNDS_MAX = 4;

/** Where it helps, with functions that the fix leaves alone and its code relies on; else as without them. */
async function withHeld(attempt: (held: HeldFunctions) => Promise<Attempt>): Promise<Attempt> {
  const first = await attempt(new Map());
  let [last, held]: [Attempt, HeldFunctions] = [first, new Map()];
  for (let round = 0; round < HOLD_ROUNDS_MAX; round++) {
    if (last.linked?.kind !== "refused" || last.linked.toHold.size === 0) break;
    held = holdMore(held, last.linked.toHold);
    last = await attempt(held);
  }
  return last.linked?.kind === "linked" ? last : first;
}

/** The fix, compared with the unpatched source. */
interface ComparedFix {
  readonly objects: readonly ComparedObject[];
  readonly names: NamesOfFix;
}

async function compareFix(
  prepared: PreparedPairs,
  {
    place: { surroundings, payloads },
    known,
    memory,
  }: {
    readonly place: Place;
    readonly known: CompareOptions;
    readonly memory: CompareMemory;
  },
  timings: Timings,
): Promise<ComparedFix> {
  const liesOn = payloads.length === 0 ? "hypervisor" : "payloads";
  const compared = await compareAll(prepared, { known, liesOn, timings, memory });
  const place = { surroundings, payloads };
  const objects = await withUnlinked(compared, { prepared, known, place });
  return { objects, names: namesOfFix(objects, payloads) };
}

function fitFix(
  { objects, names }: ComparedFix,
  { target, surroundings, payloads }: Place,
  { source }: PreparedPairs,
  { inputs, allowed }: BuildOptions,
): Fit {
  return checkFit(objects, {
    target,
    surroundings,
    payloads,
    names,
    config: { ...inputs.config, made: source.configDifferences },
    allowedLayouts: allowed.layouts,
  });
}

function linkFix(
  { objects, names }: ComparedFix,
  {
    place: { target, decided, payloads, surroundings, origin },
    hooks,
    prepared,
    described,
    fit,
  }: {
    readonly place: Place;
    readonly hooks: CompiledHooks;
    readonly prepared: PreparedPairs;
    readonly described: { readonly metadata: Metadata; readonly sources: PayloadSources };
    readonly fit: Fit;
  },
): LinkResult {
  return linkPayload({
    objects,
    hooks,
    target,
    surroundings,
    payloads,
    names,
    contributions: prepared.changes.contributions,
    added: fit.layouts
      .filter(({ verdict }) => verdict.kind === "no-effect" && verdict.rule === "allowed-layout")
      .flatMap(({ type, room }) =>
        (room?.members ?? []).map(({ offset, size }) => ({ type, offset, size })),
      ),
    facts: payloadFacts(target, decided, { ...described, origin }),
  });
}

/** Before objects are compared. */
function whatIsKnown(
  { xen: { architecture }, release }: Target,
  { init, unsafe: allowedUnsafe, freshData }: AllowedNames,
  hooks: { readonly areThere: boolean; readonly setNames: ReadonlySet<string> },
): CompareOptions {
  const unsafe = unsafeFunctions(architecture, release);
  return {
    policy: xenSectionPolicy(release, architecture, unsafe),
    allowedInit: new Set(init),
    allowedUnsafe: new Set(allowedUnsafe),
    initChanges: hooks.areThere ? "left-to-hooks" : "refused",
    isInHooks: (name, file) => hooks.setNames.has(name) || hooks.setNames.has(`${file}#${name}`),
    allowedLost: new Set(freshData),
  };
}

function changesAnything({ objects }: ComparedFix, { hooks }: CompiledHooks): boolean {
  return hooks.length > 0 || objects.some(({ diff }) => diff.outcome !== "unchanged");
}
