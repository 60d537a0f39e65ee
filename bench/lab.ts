// How long a lab takes: a cold boot, a restore up to the first hypercall's answer, and several
// restores at once. node dist/bench/lab.js [--json]. The first run also fetches and takes the snapshot.

import { statSync } from "node:fs";
import { join } from "node:path";
import { type Lab, type OpenLabOptions, openLab, prepareLab } from "../src/lab/mod.ts";

const COLD_BOOTS = 3;
const RESTORES = 20;
const AT_ONCE = 4;

/** Hypercall xen_version, sub-operation version: the least that a hypervisor can be asked. */
const FIRST_HYPERCALL = {
  op: 17,
  args: [{ value: 0n }, { value: 0n }],
  arena: new Uint8Array(),
  pointers: [],
  outputLength: 0,
};

interface Measured {
  readonly coldBootMs: number;
  readonly restoreMs: number;
  readonly restoreMaxMs: number;
  readonly closeMs: number;
  /** Until the last of AT_ONCE labs has answered. */
  readonly atOnceMs: number;
  readonly snapshotMb: number;
}

async function main(asJson: boolean): Promise<void> {
  await prepareLab({ onProgress: ({ text }) => process.stderr.write(`${text}\n`) });
  const cold: number[] = [];
  for (let run = 0; run < COLD_BOOTS; run++) cold.push((await timeLab({ start: "cold-boot" })).up);
  const restores: { up: number; close: number }[] = [];
  for (let run = 0; run < RESTORES; run++) restores.push(await timeLab({}));
  const started = performance.now();
  const labs = await Promise.all(Array.from({ length: AT_ONCE }, () => openReady({})));
  const atOnceMs = performance.now() - started;
  const snapshotMb = labs[0] === undefined ? 0 : snapshotSize(labs[0]);
  await Promise.all(labs.map((lab) => lab.close()));
  const up = restores.map((restore) => restore.up);
  const measured: Measured = {
    coldBootMs: median(cold),
    restoreMs: median(up),
    restoreMaxMs: Math.max(...up),
    closeMs: median(restores.map(({ close }) => close)),
    atOnceMs,
    snapshotMb,
  };
  const lines = asJson
    ? [JSON.stringify(measured)]
    : Object.entries(measured).map(([name, value]) => `${name.padEnd(13)} ${value.toFixed(0)}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function timeLab(options: OpenLabOptions): Promise<{ up: number; close: number }> {
  const started = performance.now();
  const lab = await openReady(options);
  const ready = performance.now();
  await lab.close();
  return { up: ready - started, close: performance.now() - ready };
}

async function openReady(options: OpenLabOptions): Promise<Lab> {
  const lab = await openLab(options);
  await lab.agent.hypercall(FIRST_HYPERCALL);
  return lab;
}

/** What the memory file really takes on disk. */
function snapshotSize(lab: Lab): number {
  return (statSync(join(lab.info.folder, "ram")).blocks * 512) / 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

await main(process.argv.includes("--json"));
