// What `npm run fuzz` is asked for.

import { parseArgs } from "node:util";

export interface FuzzOptions {
  readonly seed: string;
  readonly inputsMax: number;
  readonly minutes: number;
  readonly jobs: number;
  /** Where failing inputs are saved. */
  readonly save: string;
  /** Plays only that: by its id, or from a file. */
  readonly case: string | undefined;
  readonly file: string | undefined;
}

const USAGE = `npm run fuzz -- [--minutes 1 | --inputs 1000000] [--seed TEXT] [--jobs 1]
    [--save FOLDER] [--case SEED-NUMBER] [--file SAVED]`;

/** @throws Error with the usage for anything else */
export function readFuzzOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string", default: "fuzz" },
      inputs: { type: "string" },
      minutes: { type: "string" },
      jobs: { type: "string", default: "1" },
      save: { type: "string", default: "fuzz-failures" },
      case: { type: "string" },
      file: { type: "string" },
    },
  });
  const { seed, inputs, save } = values;
  const minutes = values.minutes ?? (inputs === undefined ? "1" : undefined);
  return {
    seed,
    save,
    case: values.case,
    file: values.file,
    inputsMax: inputs === undefined ? Number.MAX_SAFE_INTEGER : countOf("inputs", inputs),
    minutes: minutes === undefined ? Number.POSITIVE_INFINITY : countOf("minutes", minutes),
    jobs: countOf("jobs", values.jobs),
  };
}

function countOf(name: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`--${name} wants a number, not "${text}"\n${USAGE}`);
}
