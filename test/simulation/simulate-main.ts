// `npm run simulate`: storms over sync, for as many seeds as there is time for; or one of them, with all
// that happens in it.

import { parseArgs } from "node:util";
import { simulate } from "./simulate.ts";

const USAGE = "npm run simulate -- [--seeds 20000] [--from 300] | --seed NUMBER";
const FAILURES_MAX = 10;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20000" },
    /** Behind those of the gate. */
    from: { type: "string", default: "300" },
    seed: { type: "string" },
  },
});

async function playOne(seed: number): Promise<number> {
  const { story } = await simulate(seed);
  console.log(story.join("\n"));
  return 0;
}

async function playMany(from: number, count: number): Promise<number> {
  const failures: number[] = [];
  for (let seed = from; seed < from + count && failures.length < FAILURES_MAX; seed++) {
    try {
      await simulate(seed);
    } catch (error) {
      failures.push(seed);
      console.log(error instanceof Error ? error.message : error, "\n");
    }
    if ((seed - from) % 1000 === 999) console.log(`${seed - from + 1} seeds`);
  }
  console.log(JSON.stringify({ from, seeds: count, failures }));
  return failures.length === 0 ? 0 : 1;
}

function numberOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`Cannot use "${text}": it is not a number\nusage: ${USAGE}`);
  process.exit(64);
}

process.exitCode =
  values.seed === undefined
    ? await playMany(numberOf(values.from), numberOf(values.seeds))
    : await playOne(numberOf(values.seed));
