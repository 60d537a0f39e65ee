// What the long differential test is asked for.

import { parseArgs } from "node:util";

export interface DifferentialOptions {
  readonly releases: readonly string[];
  /** Of each kind and release. */
  readonly mutations: number;
  readonly sequences: number;
  readonly seed: string;
  /** Plays only that. */
  readonly caseId: string | undefined;
  /** How often each way to kill a hypervisor is tried in a lab of its own. */
  readonly deaths: number;
}

const USAGE = `npm run test:differential -- [--xen 4.17] [--mutations 1000] [--sequences 60]
    [--seed TEXT] [--deaths 2] [--case ID]`;

/** @throws Error whose message has the usage */
export function readOptions(args: readonly string[]): DifferentialOptions {
  const values = parse(args);
  return {
    releases: values.xen,
    mutations: countOf("mutations", values.mutations),
    sequences: countOf("sequences", values.sequences),
    seed: values.seed,
    caseId: values.case,
    deaths: countOf("deaths", values.deaths),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseKnown(args);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new Error(`${cause.message}\n${USAGE}`, { cause });
  }
}

function parseKnown(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      xen: { type: "string", multiple: true, default: ["4.14", "4.17", "4.20"] },
      mutations: { type: "string", default: "1000" },
      sequences: { type: "string", default: "60" },
      seed: { type: "string", default: "long" },
      deaths: { type: "string", default: "2" },
      case: { type: "string" },
    },
  }).values;
}

function countOf(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} wants a number, not "${text}"\n${USAGE}`);
  return Number(text);
}
