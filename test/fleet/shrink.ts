// Makes a failure smaller: leaves out faults, one after the other, as long as something still fails.

import type { Fault } from "./faults.ts";
import { faultsOf, type SimulationOptions, simulate } from "./simulate.ts";

export interface Failure {
  readonly faults: readonly Fault[];
  readonly message: string;
}

/** @returns undefined when nothing fails */
export function shrink(seed: number, options: SimulationOptions): Failure | undefined {
  let failure = failureOf(seed, options);
  let index = 0;
  while (failure !== undefined && index < failure.faults.length) {
    const fewer = failureOf(seed, { ...options, faults: failure.faults.toSpliced(index, 1) });
    if (fewer === undefined) index++;
    else failure = fewer;
  }
  return failure;
}

function failureOf(seed: number, options: SimulationOptions): Failure | undefined {
  try {
    simulate(seed, options);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { faults: options.faults ?? faultsOf(seed), message };
  }
}
