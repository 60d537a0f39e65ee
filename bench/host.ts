// How long it takes to patch a hypervisor, beside Xen's own tool, on the same lab in the same run;
// and how long the lab takes to start: node dist/bench/host.js [--json].
//
// Whole commands are measured as a person sees them: from starting the process to its end. Ours runs
// on this machine and reaches the lab's hypervisor through the agent in dom0; the stock tool runs in
// dom0, since it can run nowhere else. In dom0 everything is emulated, so ours is measured there, too.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compilePayload } from "../src/compile/compile.ts";
import type { ActOptions, LivepatchHost } from "../src/host/host.ts";
import { labHost } from "../src/hosts/lab.ts";
import { invariant } from "../src/invariant.ts";
import { type Lab, openLab, prepareLab } from "../src/lab/mod.ts";
import { onHypervisor } from "../src/running/payload-below.ts";
import { readXenSyms } from "../src/running/xen-syms.ts";
import { installXsplice } from "../test/lab/dom0-xsplice.ts";

const RUNS = { command: 11, inProcess: 41, coldBoot: 3, restore: 11 } as const;
const NAME = "bench";
const call = { deadlineMs: 60_000 };
const act: ActOptions = { ...call, dependencyCheck: "whole-chain", quiesceMs: 200 };
const command = fileURLToPath(new URL("../bundle/cli/main.js", import.meta.url));

/** Medians, in milliseconds. */
interface Measured {
  /** `xsplice apply` on this machine. */
  readonly applyMs: number;
  /** `xen-livepatch apply` in dom0. */
  readonly stockApplyMs: number;
  /** From the action to the confirmed result, in a process that runs already. */
  readonly inProcessMs: number;
  /** To the first hypercall's answer, without a snapshot. */
  readonly coldBootMs: number;
  /** The same from a snapshot. */
  readonly restoreMs: number;
  /** `xsplice apply` in dom0, as `--host local`. */
  readonly applyInDom0Ms: number;
}

async function main(args: readonly string[]): Promise<void> {
  const measured = await measure();
  if (args.includes("--json")) process.stdout.write(`${JSON.stringify(measured)}\n`);
  else process.stdout.write(render(measured));
}

async function measure(): Promise<Measured> {
  await prepareLab();
  const coldBootMs = await medianOf(RUNS.coldBoot, () => timeStart("cold-boot"));
  const restoreMs = await medianOf(RUNS.restore, () => timeStart("snapshot"));
  await using lab = await openLab({ userland: "full", name: `bench-${process.pid}` });
  await using host = await labHost(lab);
  await host.upload(NAME, await buildPayload(lab), call);
  const inProcessMs = await medianOf(RUNS.inProcess, async () => {
    const { elapsedMs } = await host.act("apply", NAME, act);
    await host.act("revert", NAME, act);
    return elapsedMs;
  });
  await installXsplice(lab);
  const applyMs = await timeApply(host, () => applyFromHere(lab));
  const stockApplyMs = await timeApply(host, () => applyInDom0(lab, ["xen-livepatch"]));
  const applyInDom0Ms = await timeApply(host, () => applyInDom0(lab, ["xsplice"]));
  return { applyMs, stockApplyMs, inProcessMs, coldBootMs, restoreMs, applyInDom0Ms };
}

async function timeStart(start: "snapshot" | "cold-boot"): Promise<number> {
  const startedAt = performance.now();
  await using lab = await openLab({ start });
  await using host = await labHost(lab);
  await host.info(call);
  return performance.now() - startedAt;
}

async function timeApply(host: LivepatchHost, apply: () => Promise<void>): Promise<number> {
  return await medianOf(RUNS.command, async () => {
    const startedAt = performance.now();
    await apply();
    const elapsed = performance.now() - startedAt;
    const status = await host.status(NAME, call);
    invariant(status?.kind === "applied", `apply left the payload ${status?.kind}`);
    await host.act("revert", NAME, act);
    return elapsed;
  });
}

async function applyFromHere({ info }: Lab): Promise<void> {
  const args = [command, "--host", `lab:${info.name}`, "apply", NAME];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  invariant(status === 0, `xsplice apply ended with ${status}: ${stderr}`);
}

async function applyInDom0(lab: Lab, argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await lab.exec([...argv, "apply", NAME]);
  invariant(exitCode === 0, `${argv[0]} apply ended with ${exitCode}: ${stderr}`);
}

async function buildPayload({ info }: Lab): Promise<Uint8Array> {
  invariant(info.symbols !== undefined, "a lab of Debian's Xen has symbols");
  const folder = mkdtempSync(join(tmpdir(), "xsplice-bench-"));
  try {
    const source = join(folder, "bench.c");
    writeFileSync(source, 'const char *xen_extra_version(void) { return ".bench"; }\n');
    const { bytes } = await compilePayload({
      inputs: { sources: [source], replace: [] },
      target: { xen: readXenSyms(readFileSync(info.symbols), info.symbols), release: undefined },
      stacking: { foundation: onHypervisor, mode: "stack", guard: "none" },
      compiler: { command: undefined, extraFlags: [] },
      metadata: [],
    });
    return bytes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function medianOf(runs: number, once: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await once());
  times.sort((left, right) => left - right);
  const middle = times[Math.floor(runs / 2)];
  invariant(middle !== undefined, "nothing was run");
  return Math.round(middle * 10) / 10;
}

function render(measured: Measured): string {
  const rows: readonly (readonly [what: string, ms: number])[] = [
    ["xsplice apply, whole command on this machine", measured.applyMs],
    ["xen-livepatch apply, whole command in dom0", measured.stockApplyMs],
    ["xsplice apply, whole command in dom0", measured.applyInDom0Ms],
    ["apply in a running process, until confirmed", measured.inProcessMs],
    ["cold boot until the first hypercall", measured.coldBootMs],
    ["restore until the first hypercall", measured.restoreMs],
  ];
  const lines = rows.map(([what, ms]) => `${what.padEnd(46)} ${ms.toFixed(1).padStart(9)} ms\n`);
  const ratio = measured.stockApplyMs / measured.applyMs;
  return `${lines.join("")}xen-livepatch takes ${ratio.toFixed(2)} times as long as xsplice on this machine\n`;
}

await main(process.argv.slice(2));
