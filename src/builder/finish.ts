// The passes of `xsplice build` behind the compiler: from pairs of objects to a payload, or to every
// reason why there is none.

import { refusalsOfObjects } from "../compare/compare.ts";
import { compareAll } from "../compare/compare-all.ts";
import type { PreparedPairs } from "../pairs/prepared-pairs.ts";
import { surroundingsOf } from "../running/payload-below.ts";
import { compareWithPrevious } from "../stacking/cumulative.ts";
import { decideStacking, refuseVetoingHooks } from "../stacking/decide.ts";
import { checkOrigins } from "../stacking/patches.ts";
import type { Timings } from "../xen-make/timings.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";
import { conclude } from "./conclude.ts";
import { checkFit } from "./fit.ts";
import { compileHooks } from "./hooks.ts";
import { refusalsOfFiles, whatIsKnown } from "./known.ts";
import { linkPayload } from "./link.ts";
import { metadataOf } from "./metadata.ts";
import { namesOfFix } from "./names-of-fix.ts";
import { originOf, payloadFacts } from "./payload-facts.ts";
import { type Hypervisor, targetOf } from "./target.ts";

/** @throws BuilderError, DiffError, ElfError, EmitError; BuildError of compiling more */
export async function finishFix(
  prepared: PreparedPairs,
  hypervisor: Hypervisor,
  { inputs, stacking, allowed, label, run }: BuildOptions,
  timings: Timings,
): Promise<BuiltFix> {
  const { foundation, mode, previous } = stacking;
  const origin = originOf(inputs, prepared.source, label.patches);
  checkOrigins(foundation, origin);
  const target = targetOf(hypervisor, prepared.source);
  const decided = decideStacking(stacking, target);
  // From here the payload's place is settled: for which release, on what, how it stands among others.
  const surroundings = surroundingsOf(target.xen, foundation);
  const hooks = await timings.measureAsync("compile hooks", () =>
    compileHooks(inputs.hooks, surroundings, run),
  );
  const kinds = hooks.hooks.map(({ kind }) => kind);
  const objects = await compareAll(prepared, {
    known: whatIsKnown(target, allowed, kinds),
    liesOn: foundation.payloads.length === 0 ? "hypervisor" : "payloads",
    timings,
  });
  const names = namesOfFix(objects, foundation.payloads);
  // From here every difference is carried, without effect by a named rule, or refused, and every global
  // name of the patched source is known by its name in the hypervisor.
  const fit = timings.measure("fit", () =>
    checkFit(objects, {
      target,
      surroundings,
      payloads: foundation.payloads,
      names,
      config: { ...inputs.config, made: prepared.source.configDifferences },
      allowedLayouts: allowed.layouts,
    }),
  );
  // From here what runs is what the fix was compared with, or there is a refusal that tells what is not.
  const refused = [
    ...refusalsOfFiles(prepared.account),
    ...refusalsOfObjects(objects),
    ...fit.refusals,
    ...refuseVetoingHooks(mode, kinds),
  ];
  const isChanged = kinds.length > 0 || objects.some(({ diff }) => diff.outcome !== "unchanged");
  const metadata = metadataOf(inputs.patches, label);
  const linked =
    refused.length > 0 || !isChanged
      ? undefined
      : timings.measure("emit", () =>
          linkPayload({
            objects,
            hooks,
            target,
            surroundings,
            payloads: foundation.payloads,
            names,
            contributions: prepared.changes.contributions,
            facts: payloadFacts(target, decided, { metadata, origin }),
          }),
        );
  // From here every symbol is bound, and the payload's bytes are what they will be.
  const succession =
    linked?.kind === "linked" && previous !== undefined
      ? compareWithPrevious(previous, linked.payload, allowed.freshData)
      : undefined;
  const { phases } = timings;
  const findings = {
    prepared,
    target,
    stacking: decided,
    objects,
    fit,
    metadata,
    succession,
    phases,
  };
  return conclude({ refused, linked, allowed }, findings);
}
