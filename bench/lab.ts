// What a lab takes: a cold boot, a restore up to the first hypercall's answer, several restores at once,
// and a lab that does nothing. node dist/bench/lab.js [--json] [--processor intel] [--cold N] [--restores N]
// [--hypervisor-option WORD…] [--kernel-option WORD…] The first run also fetches and takes the snapshot.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Lab, type OpenLabOptions, openLab, prepareLab } from "../src/lab/mod.ts";
import { processors } from "../src/lab/start/board.ts";

const AT_ONCE = 4;
/** What was not done before the snapshot is done first. */
const SETTLE_MS = 3_000;
const IDLE_MS = 20_000;
/** Of /proc/PID/stat. */
const TICKS_PER_SECOND = 100;

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
  /** Of one core, while the lab does nothing. */
  readonly idlePercent: number;
  readonly snapshotMb: number;
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      processor: { type: "string", default: "amd" },
      cold: { type: "string", default: "3" },
      restores: { type: "string", default: "20" },
      "hypervisor-option": { type: "string", multiple: true, default: [] },
      "kernel-option": { type: "string", multiple: true, default: [] },
    },
  });
  const options: OpenLabOptions = {
    processor: processors.find((one) => one === values.processor) ?? "amd",
    hypervisorOptions: values["hypervisor-option"],
    kernelOptions: values["kernel-option"],
  };
  await prepareLab({ ...options, onProgress: ({ text }) => process.stderr.write(`${text}\n`) });
  const cold: number[] = [];
  for (let run = 0; run < Number(values.cold); run++) {
    cold.push((await timeLab({ ...options, start: "cold-boot" })).up);
  }
  const restores: { up: number; close: number }[] = [];
  for (let run = 0; run < Number(values.restores); run++) restores.push(await timeLab(options));
  const started = performance.now();
  const labs = await Promise.all(Array.from({ length: AT_ONCE }, () => openReady(options)));
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
    idlePercent: await idlePercent(options),
    snapshotMb,
  };
  const lines = values.json
    ? [JSON.stringify(measured)]
    : Object.entries(measured).map(([name, value]) => `${name.padEnd(13)} ${value.toFixed(1)}`);
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

/** By processor time, so other work on the machine hardly matters. Threads are told on standard error. */
async function idlePercent(options: OpenLabOptions): Promise<number> {
  await using lab = await openReady(options);
  const qemu = readFileSync(join(lab.info.folder, "qemu.pid"), "utf8").trim();
  await sleep(SETTLE_MS);
  const [before, startedAt] = [ticksByThread(qemu), performance.now()];
  await sleep(IDLE_MS);
  const [after, seconds] = [ticksByThread(qemu), (performance.now() - startedAt) / 1000];
  const percent = (ticks: number): number => (ticks / TICKS_PER_SECOND / seconds) * 100;
  let all = 0;
  for (const [name, ticks] of after) {
    const taken = ticks - (before.get(name) ?? 0);
    all += taken;
    process.stderr.write(`${name}: ${percent(taken).toFixed(1)} %\n`);
  }
  return percent(all);
}

function ticksByThread(id: string): ReadonlyMap<string, number> {
  return new Map(
    readdirSync(`/proc/${id}/task`).map((thread) => {
      const text = readFileSync(`/proc/${id}/task/${thread}/stat`, "latin1");
      const [, name = "", rest = ""] = /\((.*)\) (.*)/.exec(text) ?? [];
      const fields = rest.split(" ");
      return [`${name} ${thread}`, Number(fields[11]) + Number(fields[12])];
    }),
  );
}

/** What the memory file really takes on disk. */
function snapshotSize(lab: Lab): number {
  return (statSync(join(lab.info.folder, "ram")).blocks * 512) / 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

await main(process.argv.slice(2));
