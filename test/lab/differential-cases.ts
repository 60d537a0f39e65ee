// The cases of the differential test. Each has an id from which it can be made again: standard cases
// by name, mutations and sequences by seed.

import type { XenModel } from "../../src/xen-model/model.ts";
import type { ModelOptions } from "../../src/xen-model/state.ts";
import { mutate } from "./differential-mutate.ts";
import { mutationBases, type ScriptPayload, scriptPayloads } from "./differential-payloads.ts";
import { randomFrom } from "./differential-random.ts";
import { modelStep, type Step } from "./differential-script.ts";
import { standardUploads } from "./differential-standard.ts";
import { deadlyScripts } from "./differential-tables.ts";
import type { XenImage } from "./xen-image.ts";

export interface Case {
  /** `standard/…`, `mutation/SEED`, `sequence/SEED`. */
  readonly id: string;
  readonly what: string;
  readonly steps: readonly Step[];
  readonly hookResult?: NonNullable<ModelOptions["hookResult"]>;
}

/** What the cases of one hypervisor are made of; its payloads are built once. */
export interface CaseSource {
  readonly xen: XenImage;
  readonly boot: (hookResult: Case["hookResult"]) => XenModel;
}

const SEQUENCE_LENGTH = 14;

export function standardCases({ xen }: CaseSource): readonly Case[] {
  const uploads = standardUploads(xen).map(({ what, bytes }) => ({
    what,
    steps: wholeLife("a", bytes),
  }));
  return [...uploads, ...deadlyScripts(xen)].map(({ what, steps }) => ({
    id: `standard/${what}`,
    what,
    steps,
  }));
}

export function mutationCase({ xen }: CaseSource, seed: string): Case {
  const random = randomFrom(seed);
  const base = random.pick(mutationBases(xen));
  const { what, bytes } = mutate(base.bytes, random);
  return { id: `mutation/${seed}`, what: `${base.name}: ${what}`, steps: wholeLife("a", bytes) };
}

/** Random actions on payloads that depend on, contradict and veto each other; none that kills. */
export function sequenceCase({ xen, boot }: CaseSource, seed: string): Case {
  const random = randomFrom(seed);
  const payloads = scriptPayloads(xen);
  const hookResult: Case["hookResult"] = (name) =>
    payloads.find((payload) => payload.name === name)?.hookResult ?? 0;
  const steps: Step[] = [];
  let model = boot(hookResult);
  while (steps.length < SEQUENCE_LENGTH) {
    const step = randomStep(random, payloads, model);
    const next = model.fork();
    if (modelStep(next, step).kind === "crash") continue;
    model = next;
    steps.push(step);
  }
  const what = steps.map((step) => `${step.do} ${step.name}`).join(", ");
  return { id: `sequence/${seed}`, what, steps, hookResult };
}

/** The case of an id, on any hypervisor; `undefined` when there is none. */
export function findCase(source: CaseSource, id: string): Case | undefined {
  const [kind, ...rest] = id.split("/");
  const seed = rest.join("/");
  if (kind === "mutation") return mutationCase(source, seed);
  if (kind === "sequence") return sequenceCase(source, seed);
  return standardCases(source).find((other) => other.id === id);
}

function wholeLife(name: string, bytes: Uint8Array): readonly Step[] {
  return [
    { do: "upload", name, bytes },
    { do: "apply", name },
    { do: "revert", name },
    { do: "apply", name },
    { do: "unload", name },
    { do: "revert", name },
    { do: "unload", name },
  ];
}

function randomStep(
  random: ReturnType<typeof randomFrom>,
  payloads: readonly ScriptPayload[],
  model: XenModel,
): Step {
  const loaded = model.list().map(({ name }) => name);
  if (loaded.length === 0 || random.chance(0.3)) {
    const { name, bytes } = random.pick(payloads);
    return { do: "upload", name, bytes, trusted: true };
  }
  const name = random.pick(loaded);
  const action = random.pick(["apply", "apply", "apply", "revert", "revert", "replace", "unload"]);
  if (action === "apply" && random.chance(0.4)) return { do: "apply", name, nodeps: true };
  // The newest is what can be reverted; others are tried as well.
  const top = model.applied.at(-1);
  if (action === "revert" && top !== undefined && random.chance(0.7))
    return { do: action, name: top };
  return { do: action as Exclude<Step["do"], "upload">, name };
}
