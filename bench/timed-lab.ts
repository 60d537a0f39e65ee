// Whole commands on a lab, timed as a person sees them: from starting the process to its end. Ours runs on this
// machine and reaches the lab's hypervisor through the agent in dom0; the stock tool runs in dom0, since it
// can run nowhere else. In dom0 everything is emulated, so ours is measured there, too.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compilePayload } from "../src/compile/compile.ts";
import type { ActOptions, LivepatchHost } from "../src/host/host.ts";
import { labHost } from "../src/hosts/lab.ts";
import { invariant } from "../src/invariant.ts";
import { type Lab, openLab } from "../src/lab/mod.ts";
import { onHypervisor } from "../src/running/payload-below.ts";
import { readXenSyms } from "../src/running/xen-syms.ts";

/** The payload's, on the host. */
export const NAME = "bench";
export const call = { deadlineMs: 60_000 };
export const act: ActOptions = { ...call, dependencyCheck: "whole-chain", quiesceMs: 200 };
export const command = fileURLToPath(new URL("../bundle/cli/main.js", import.meta.url));

/** Of a lab, to the first hypercall's answer; in milliseconds, as all times here. */
export async function timeStart(start: "snapshot" | "cold-boot"): Promise<number> {
  const startedAt = performance.now();
  await using lab = await openLab({ start });
  await using host = await labHost(lab);
  await host.info(call);
  return performance.now() - startedAt;
}

/** The median of some runs; the payload is reverted behind each. */
export async function timeApply(
  runs: number,
  host: LivepatchHost,
  apply: () => Promise<void>,
): Promise<number> {
  return await medianOf(runs, async () => {
    const startedAt = performance.now();
    await apply();
    const elapsed = performance.now() - startedAt;
    const status = await host.status(NAME, call);
    invariant(status?.kind === "applied", `apply left the payload ${status?.kind}`);
    await host.act("revert", NAME, act);
    return elapsed;
  });
}

/** `xsplice … ` on this machine. */
export async function runHere({ info }: Lab, args: readonly string[]): Promise<void> {
  const argv = [command, "--host", `lab:${info.name}`, ...args];
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
  invariant(status === 0, `xsplice ${args.join(" ")} ended with ${status}: ${stderr}`);
}

export async function runInDom0(lab: Lab, argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await lab.exec(argv);
  invariant(exitCode === 0, `${argv.join(" ")} ended with ${exitCode}: ${stderr}`);
}

/** One that changes what xl info shows. */
export async function buildPayload({ info }: Lab): Promise<Uint8Array> {
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

export async function medianOf(runs: number, once: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await once());
  times.sort((left, right) => left - right);
  const middle = times[Math.floor(runs / 2)];
  invariant(middle !== undefined, "nothing was run");
  return Math.round(middle * 10) / 10;
}
