// `npm run fuzz`: mutated payloads through everything that reads payloads. Ends with one line of JSON:
// {"inputs","failures","seconds","perSecond","seed"}.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FuzzCase, fuzzCase, savedCase } from "./fuzz-case.ts";
import { type FuzzOptions, readFuzzOptions } from "./fuzz-options.ts";
import { type FuzzRunFailure, runFuzz } from "./fuzz-run.ts";
import { failureOf } from "./fuzz-worker.ts";

/** How many failing inputs are saved; the rest is counted. */
const SAVED_MAX = 100;

async function main(options: FuzzOptions): Promise<number> {
  if (options.case !== undefined) return playOne(fuzzCase(options.case));
  if (options.file !== undefined) {
    return playOne(savedCase(options.file, new Uint8Array(readFileSync(options.file))));
  }
  const { seed, inputsMax, jobs, minutes, save } = options;
  const start = Date.now();
  let [saved, told] = [0, start];
  const { inputs, failures, outcomes } = await runFuzz({
    seed,
    inputsMax,
    jobs,
    untilMs: start + minutes * 60_000,
    onFailure: (failure) => {
      if (saved++ < SAVED_MAX) console.log(describeFailure(failure, saveFailure(failure, save)));
    },
    onProgress: (count) => {
      if (Date.now() - told < 10_000) return;
      told = Date.now();
      console.log(`${count} inputs in ${Math.round((told - start) / 1000)} s`);
    },
  });
  for (const [outcome, count] of Object.entries(outcomes).sort())
    console.log(`${outcome}: ${count}`);
  const seconds = (Date.now() - start) / 1000;
  const perSecond = Math.round(inputs / seconds);
  console.log(JSON.stringify({ inputs, failures, seconds, perSecond, seed }));
  return failures === 0 ? 0 : 1;
}

function playOne(given: FuzzCase): number {
  const counts: string[] = [];
  const failure = failureOf(given, (outcome) => counts.push(outcome));
  console.log(`${given.id}, from "${given.seed.name}": ${given.bytes.length} bytes`);
  console.log(counts.join(", "));
  if (failure !== undefined) console.log(`${failure.kind} in ${failure.stage}: ${failure.message}`);
  return failure === undefined ? 0 : 1;
}

function saveFailure({ id, bytes }: FuzzRunFailure, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${id.replaceAll(/[^\w.-]/g, "_")}.livepatch`);
  writeFileSync(path, bytes);
  return path;
}

function describeFailure({ id, kind, stage, message }: FuzzRunFailure, path: string): string {
  return [
    `FAILED ${id}: ${kind}${stage === undefined ? "" : ` in ${stage}`}: ${message}`,
    `  saved: ${path}`,
    `  again: npm run fuzz -- --case ${id}`,
  ].join("\n");
}

process.exitCode = await main(readFuzzOptions(process.argv.slice(2)));
