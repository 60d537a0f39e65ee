// How long it takes to patch a hypervisor, beside Xen's own tool, on the same lab in the same run;
// and how long the lab takes to start: node dist/bench/host.js [--json].

import { labHost } from "../src/hosts/lab.ts";
import { openLab, prepareLab } from "../src/lab/mod.ts";
import { installXsplice } from "../test/lab/dom0-xsplice.ts";
import {
  act,
  buildPayload,
  call,
  medianOf,
  NAME,
  runHere,
  runInDom0,
  timeApply,
  timeStart,
} from "./timed-lab.ts";

const RUNS = { command: 11, inProcess: 41, coldBoot: 3, restore: 11 } as const;

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
  const applyMs = await timeApply(RUNS.command, host, () => runHere(lab, ["apply", NAME]));
  const stockApplyMs = await timeApply(RUNS.command, host, () =>
    runInDom0(lab, ["xen-livepatch", "apply", NAME]),
  );
  const applyInDom0Ms = await timeApply(RUNS.command, host, () =>
    runInDom0(lab, ["xsplice", "apply", NAME]),
  );
  return { applyMs, stockApplyMs, inProcessMs, coldBootMs, restoreMs, applyInDom0Ms };
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
