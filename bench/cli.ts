// What a command costs besides its work: its start beside Node's own, and the same action by Xen's own tool, as
// ratios in one run, on a real lab: node dist/bench/cli.js [--json].

import { spawnSync } from "node:child_process";
import { loadWholeTree } from "../src/cli/command-tree.ts";
import { labHost } from "../src/hosts/lab.ts";
import { invariant } from "../src/invariant.ts";
import { openLab, prepareLab } from "../src/lab/mod.ts";
import { installXsplice } from "../test/lab/dom0-xsplice.ts";
import {
  buildPayload,
  call,
  command,
  medianOf,
  NAME,
  runHere,
  runInDom0,
  timeApply,
  timeStart,
} from "./timed-lab.ts";

const RUNS = { start: 9, command: 11, dom0: 7, restore: 11 } as const;

interface Measured {
  /** Of the command that starts slowest, to Node with nothing to do. */
  readonly startRatio: number;
  readonly slowestStart: string;
  /** `xsplice list` here to `xen-livepatch list` in dom0. */
  readonly listRatio: number;
  /** `xsplice apply` here to `xen-livepatch apply` in dom0. */
  readonly applyRatio: number;
  /** `xsplice apply` in dom0 to Node with nothing to do there. */
  readonly applyInDom0Ratio: number;
  /** Of a lab from its snapshot, to the first hypercall's answer. */
  readonly restoreMs: number;
}

async function main(args: readonly string[]): Promise<void> {
  const measured = { ...(await measureStarts()), ...(await measureOnLab()) };
  process.stdout.write(
    args.includes("--json") ? `${JSON.stringify(measured)}\n` : render(measured),
  );
}

async function measureStarts(): Promise<Pick<Measured, "startRatio" | "slowestStart">> {
  const names = (await loadWholeTree()).flatMap(({ entries }) => entries.map(({ name }) => name));
  const calls = [["--version"], ["--help"], ...names.map((name) => [name, "--help"])];
  const node = await medianOf(RUNS.start, () => timeNode(["-e", ""]));
  const starts: { readonly words: string; readonly ratio: number }[] = [];
  for (const words of calls) {
    const ms = await medianOf(RUNS.start, () => timeNode([command, ...words]));
    starts.push({ words: words.join(" "), ratio: ms / node });
  }
  const [slowest] = starts.toSorted((one, other) => other.ratio - one.ratio);
  invariant(slowest !== undefined, "there are no commands");
  return { startRatio: rounded(slowest.ratio), slowestStart: slowest.words };
}

async function timeNode(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  invariant(status === 0, `node ${args.join(" ")} ended with ${status}`);
  return performance.now() - startedAt;
}

async function measureOnLab(): Promise<Omit<Measured, "startRatio" | "slowestStart">> {
  await prepareLab();
  const restoreMs = await medianOf(RUNS.restore, () => timeStart("snapshot"));
  await using lab = await openLab({ userland: "full", name: `bench-cli-${process.pid}` });
  await using host = await labHost(lab);
  await host.upload(NAME, await buildPayload(lab), call);
  await installXsplice(lab);
  const stock = (verb: string, ...args: readonly string[]) =>
    runInDom0(lab, ["xen-livepatch", verb, ...args]);
  const apply = (runs: number, work: () => Promise<void>) => timeApply(runs, host, work);
  const listMs = await timeRuns(RUNS.command, () => runHere(lab, ["list"]));
  const stockListMs = await timeRuns(RUNS.command, () => stock("list"));
  const applyMs = await apply(RUNS.command, () => runHere(lab, ["apply", NAME]));
  const stockApplyMs = await apply(RUNS.command, () => stock("apply", NAME));
  const nodeMs = await timeRuns(RUNS.dom0, () => runInDom0(lab, ["node", "-e", ""]));
  const inDom0Ms = await apply(RUNS.dom0, () => runInDom0(lab, ["xsplice", "apply", NAME]));
  return {
    listRatio: rounded(listMs / stockListMs),
    applyRatio: rounded(applyMs / stockApplyMs),
    applyInDom0Ratio: rounded(inDom0Ms / nodeMs),
    restoreMs: Math.round(restoreMs),
  };
}

async function timeRuns(runs: number, work: () => Promise<void>): Promise<number> {
  return await medianOf(runs, async () => {
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  });
}

function rounded(ratio: number): number {
  return Math.round(ratio * 100) / 100;
}

function render(measured: Measured): string {
  const { startRatio, slowestStart, listRatio, applyRatio, applyInDom0Ratio, restoreMs } = measured;
  const rows: readonly (readonly [what: string, measured: string, goal: string])[] = [
    [`start of a command (xsplice ${slowestStart}), to Node's own`, String(startRatio), "1.5"],
    ["xsplice list, to xen-livepatch list in dom0", String(listRatio), "1.2"],
    ["xsplice apply, to xen-livepatch apply in dom0", String(applyRatio), "1.2"],
    ["xsplice apply in dom0, to Node's own start there", String(applyInDom0Ratio), "1.5"],
    ["restore of a lab until the first hypercall", `${restoreMs} ms`, "150 ms"],
  ];
  const line = (what: string, ...columns: readonly string[]) =>
    `${what.padEnd(62)}${columns.map((column) => column.padStart(10)).join("")}\n`;
  return [line("", "measured", "goal"), ...rows.map((row) => line(...row))].join("");
}

await main(process.argv.slice(2));
