// The payload's place: its hypervisor, the payloads below, how it is combined with others, and its
// source.

import type { PreparedSource } from "../pairs/prepared-pairs.ts";
import type { PayloadOrigin } from "../payload/made-from/origin.ts";
import { type PayloadBelow, type Surroundings, surroundingsOf } from "../running/payload-below.ts";
import { type DecidedStacking, decideStacking } from "../stacking/decide.ts";
import { checkOrigins } from "../stacking/patches.ts";
import type { BuildOptions } from "./build-options.ts";
import { originOf } from "./payload-facts.ts";
import { type Hypervisor, type Target, targetOf } from "./target.ts";

export interface Place {
  readonly target: Target;
  readonly decided: DecidedStacking;
  /** The payloads below, the lowest first. */
  readonly payloads: readonly PayloadBelow[];
  /** What the fix is linked against. */
  readonly surroundings: Surroundings;
  readonly origin: PayloadOrigin;
}

/**
 * @throws BuilderError where the source, the hypervisor, the payloads below and the requested mode do
 * not fit together
 */
export function placePayload(
  source: PreparedSource,
  hypervisor: Hypervisor,
  { inputs, stacking, label }: Pick<BuildOptions, "inputs" | "stacking" | "label">,
): Place {
  const { foundation } = stacking;
  const origin = originOf(inputs, source, label.patches);
  checkOrigins(foundation, { ...origin, differencesFrom: source.differencesFrom });
  const target = targetOf(hypervisor, source);
  return {
    target,
    decided: decideStacking(stacking, target),
    payloads: foundation.payloads,
    surroundings: surroundingsOf(target.xen, foundation),
    origin,
  };
}
