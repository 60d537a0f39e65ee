// `npm run simulate:fleet`: storms over a fleet, for as many seeds as there is time for; or one of them, with all
// that happens in it.

import { parseArgs } from "node:util";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";

const FAILURES_MAX = 5;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10000" },
    from: { type: "string", default: "0" },
    seed: { type: "string" },
  },
});

if (values.seed !== undefined) playOne(Number(values.seed));
else playMany(Number(values.from), Number(values.seeds));

function playOne(seed: number): void {
  const failure = shrink(seed, {});
  if (failure !== undefined)
    console.log(`with ${failure.faults.length} faults: ${JSON.stringify(failure.faults)}`);
  try {
    const { story, ends } = simulate(seed, { wantsStory: true, ...failure });
    console.log([...story, ...ends].join("\n"));
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

function playMany(from: number, count: number): void {
  const failures: number[] = [];
  const started = process.cpuUsage();
  let seed = from;
  for (; seed < from + count && failures.length < FAILURES_MAX; seed++) {
    try {
      simulate(seed);
    } catch (error) {
      failures.push(seed);
      console.log(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    }
  }
  const { user, system } = process.cpuUsage(started);
  const seconds = Number(((user + system) / 1e6).toFixed(1));
  console.log(JSON.stringify({ from, seeds: seed - from, failures, seconds }));
  if (failures.length > 0) process.exitCode = 1;
}
