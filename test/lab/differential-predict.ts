// How much of a script may be played on a real hypervisor: what the model says is deadly is not
// played, nor what it cannot tell, nor what would run code or patch places that are not ours.

import { ModelError } from "../../src/xen-model/errors.ts";
import type { XenModel } from "../../src/xen-model/model.ts";
import type { LoadedPayload } from "../../src/xen-model/payload.ts";
import { bareName, idleFunctions } from "./differential-payloads.ts";
import { modelStep, type Outcome, type Step } from "./differential-script.ts";
import type { XenImage } from "./xen-image.ts";

export type Prediction =
  /** So many steps from the first on. */
  | { readonly kind: "playable"; readonly steps: number }
  | Extract<Outcome, { kind: "deadly" | "not-judged" }>;

export function predict(model: XenModel, steps: readonly Step[], xen: XenImage): Prediction {
  const trusted = new Set<string>();
  for (const [index, step] of steps.entries()) {
    if (step.do === "upload" && step.trusted) trusted.add(step.name);
    const payload = model.payload(step.name);
    const runs = step.do !== "upload" && step.do !== "unload";
    const stranger = runs && payload && strangeEffect(payload, model, xen, trusted);
    if (stranger) return index === 0 ? notJudged(stranger) : { kind: "playable", steps: index };
    try {
      const answer = modelStep(model, step);
      if (answer.kind === "crash") return { kind: "deadly", trap: answer.trap };
      const [doubt] = answer.assumptions;
      if (doubt !== undefined) return notJudged(doubt.words);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      return notJudged(error.report.problem);
    }
  }
  return { kind: "playable", steps: steps.length };
}

function notJudged(why: string): Prediction {
  return { kind: "not-judged", why };
}

/** Why a payload is better not applied: the hypervisor would run, or lose, what it needs. */
function strangeEffect(
  payload: LoadedPayload,
  model: XenModel,
  xen: XenImage,
  trusted: ReadonlySet<string>,
): string | undefined {
  if (payload.hooks.counts.size > 0 && !trusted.has(payload.name))
    return "it runs hooks that are not ours";
  const idle = idleFunctions.map((name) => xen.functionNamed(bareName(name)));
  for (const { entry, oldAddress } of payload.functions) {
    const isGuard = entry.newAddress === 0n && entry.newSize === 0;
    const home = idle.find(
      ({ address, size }) => address <= oldAddress && oldAddress < address + BigInt(size),
    );
    const written = entry.newAddress === 0n ? entry.newSize : 9;
    const fits = home && oldAddress + BigInt(written) <= home.address + BigInt(home.size);
    if (!isGuard && !fits && !isInPayloads(model, oldAddress))
      return "it patches code that is in use";
  }
  return undefined;
}

function isInPayloads(model: XenModel, address: bigint): boolean {
  return model.list().some(({ name }) => {
    const placement = model.payload(name)?.placement;
    if (placement === undefined) return false;
    return placement.base <= address && address < placement.base + BigInt(placement.bytes.length);
  });
}
