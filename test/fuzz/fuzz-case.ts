// One input by its number: the same for the same seed text, so that it can be played again.

import { randomFrom } from "../lab/differential-random.ts";
import { mutatePayload } from "./fuzz-mutate.ts";
import { type FuzzSeed, fuzzSeeds } from "./fuzz-seeds.ts";

export interface FuzzCase {
  /** `SEED-NUMBER`, as `--case` takes it. */
  readonly id: string;
  readonly seed: FuzzSeed;
  readonly bytes: Uint8Array;
  /** Is compared with its seed as well, which takes as long as all the rest. */
  readonly isCompared: boolean;
}

let seeds: readonly FuzzSeed[] | undefined;

export function fuzzCase(id: string): FuzzCase {
  const random = randomFrom(id);
  seeds ??= fuzzSeeds();
  const seed = random.pick(seeds);
  const bytes = mutatePayload(seed.bytes, random);
  return { id, seed, bytes, isCompared: random.chance(0.25) };
}

/** Bytes of a failure that was saved; what they were made from does not matter much any more. */
export function savedCase(id: string, bytes: Uint8Array): FuzzCase {
  seeds ??= fuzzSeeds();
  const [seed] = seeds;
  if (seed === undefined) throw new Error("there are no seeds");
  return { id, seed, bytes, isCompared: true };
}
