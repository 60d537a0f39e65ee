// Everything that reads payloads, on one input: parse, inspect, disassemble, compare, the model, check.
// Whatever is thrown that is not an error of ours is a failure.

import { checkPayloads } from "../../src/check/check.ts";
import { runningCodeOf } from "../../src/cli/text/inspect-running-code.ts";
import { comparePayloads } from "../../src/dissect/compare-payloads.ts";
import { describeComparison } from "../../src/dissect/describe-comparison.ts";
import { describeTables } from "../../src/dissect/describe-tables.ts";
import { dissectPayload } from "../../src/dissect/dissect-payload.ts";
import { XspliceError } from "../../src/error.ts";
import { describePayload } from "../../src/payload/describe.ts";
import { inspectPayload } from "../../src/payload/inspect.ts";
import { jsonOf } from "../../src/payload/json-value.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { readXenSyms } from "../../src/running/xen-syms.ts";
import type { XenModel } from "../../src/xen-model/model.ts";
import type { ActionName } from "../../src/xen-model/state.ts";
import {
  syntheticHypervisor,
  syntheticModel,
  syntheticXenSyms,
} from "../../src/xen-model/synthetic.test.support.ts";
import type { FuzzCase } from "./fuzz-case.ts";
import { type FuzzSeed, payloadBelow } from "./fuzz-seeds.ts";

export const fuzzStages = ["parse", "inspect", "diff", "model", "check"] as const;
export type FuzzStage = (typeof fuzzStages)[number];

/** How a stage ended: `taken`, `refused` by an error of ours or a verdict, `died` for the model. */
type FuzzOutcome = "taken" | "refused" | "died";

export interface FuzzTrial {
  readonly outcomes: Readonly<Partial<Record<FuzzStage, FuzzOutcome>>>;
  readonly failure: { readonly stage: FuzzStage; readonly error: unknown } | undefined;
}

/** `seed` is what the input was made from. */
export function tryPayload({ bytes, seed, isCompared }: Omit<FuzzCase, "id">): FuzzTrial {
  const outcomes: Partial<Record<FuzzStage, FuzzOutcome>> = {};
  for (const stage of fuzzStages) {
    if (stage === "diff" && !isCompared) continue;
    try {
      outcomes[stage] = stages[stage](bytes, seed);
    } catch (error) {
      if (!(error instanceof XspliceError)) return { outcomes, failure: { stage, error } };
      outcomes[stage] = "refused";
    }
  }
  return { outcomes, failure: undefined };
}

/** Every mutant is shown beside the same hypervisor. */
const running = runningCodeOf(readXenSyms(syntheticXenSyms(), "synthetic"));

const stages: Readonly<Record<FuzzStage, (bytes: Uint8Array, seed: FuzzSeed) => FuzzOutcome>> = {
  parse: (bytes) => {
    parsePayload(bytes, "mutant");
    return "taken";
  },
  inspect: (bytes) => {
    const inspection = inspectPayload(bytes, "mutant");
    const options = { release: undefined, code: "all", running } as const;
    const dissection = dissectPayload(bytes, inspection.contents, options);
    describePayload(inspection, { listLinesMax: 1000, more: describeTables(dissection.tables) });
    JSON.stringify(jsonOf({ ...inspection, ...dissection }));
    return "taken";
  },
  diff: (bytes, seed) => {
    const before = { bytes: seed.bytes, source: "seed" };
    describeComparison(comparePayloads(before, { bytes, source: "mutant" }));
    return "taken";
  },
  model: playModel,
  check: (bytes, { release, isStacked }) => {
    const below = { name: "below", source: "below", bytes: payloadBelow };
    const mutant = { name: "mutant", source: "mutant", bytes };
    const { payloads: checked } = checkPayloads({
      hypervisor: syntheticHypervisor(release),
      allowed: [],
      payloads: isStacked ? [below, mutant] : [mutant],
      action: "apply",
      dependencyCheck: "hypervisor-only",
    });
    const kind = checked.at(-1)?.verdict.kind;
    return kind === "accepted" ? "taken" : kind === "refused" ? "refused" : "died";
  },
};

const actions: readonly ActionName[] = ["apply", "revert", "replace", "apply", "revert", "unload"];

function playModel(bytes: Uint8Array, { release }: FuzzSeed): FuzzOutcome {
  const model = hostOf(release).fork();
  const { kind } = model.upload("mutant", bytes);
  if (kind !== "accepted") return kind === "refused" ? "refused" : "died";
  for (const action of actions) {
    const request = { action, name: "mutant", dependencyCheck: "hypervisor-only" } as const;
    model.fork().act({ ...request, dependencyCheck: "whole-chain" });
    model.act(request);
    if (model.death !== undefined) return "died";
  }
  return "taken";
}

const hosts = new Map<string, XenModel>();

/** With the payload that others sit on. */
function hostOf(release: string): XenModel {
  const known = hosts.get(release);
  if (known !== undefined) return known;
  const model = syntheticModel(release);
  model.upload("below", payloadBelow);
  model.act({ action: "apply", name: "below", dependencyCheck: "whole-chain" });
  hosts.set(release, model);
  return model;
}
