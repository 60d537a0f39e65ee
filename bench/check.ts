// How long it takes to judge a payload before it is loaded: node dist/bench/check.js [--json].
//
// A payload of 20 kB, on Debian's Xen 4.17 (a xen-syms of 3 MB) and 4.20 (23 MB with debug
// information). In process, the file is opened anew each time; whole commands count from starting
// the process to its end. Stacks of payloads lie on each other, and the time for one of them must
// not grow with the stack.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toHex } from "../src/bytes/hex.ts";
import { checkPayloads } from "../src/check/check.ts";
import { invariant } from "../src/invariant.ts";
import { fetchParts, planParts } from "../src/parts/mod.ts";
import { type Hypervisor, openHypervisor } from "../src/xen-model/hypervisor.ts";
import {
  idOf,
  type SyntheticEntry,
  syntheticPayload,
} from "../src/xen-model/synthetic.test.support.ts";
import { symbolsOf } from "../test/lab/symbols.ts";

const command = fileURLToPath(new URL("../bundle/cli/main.js", import.meta.url));
const RUNS = 9;
/** What is missing to 20 kB. */
const BULK_SIZE = 13_000;
const POINTERS = 100;
const patched = ["xen_extra_version", "xen_changeset", "xen_compile_date", "xen_compiler"];
const R_X86_64_64 = 1;

interface Measured {
  readonly inProcessMs: number;
  readonly commandMs: number;
  readonly debugCommandMs: number;
  readonly stack100Ms: number;
}

async function main(asJson: boolean): Promise<void> {
  const plan = await planParts(["xen-4.17", "xen-4.20"]);
  const [gone] = plan.unavailable;
  if (gone !== undefined) throw gone.reason;
  await fetchParts(plan);
  const plain = symbolsOf("4.17");
  const folder = mkdtempSync(join(tmpdir(), "xsplice-bench-check-"));
  try {
    const hypervisor = open(plain);
    const stack100Ms = median(RUNS, () => judgeStack(hypervisor, 100));
    const measured: Measured = {
      inProcessMs: median(RUNS, () => judgeOne(plain)),
      commandMs: median(RUNS, () => runCommand(folder, plain)),
      debugCommandMs: median(RUNS, () => runCommand(folder, symbolsOf("4.20"))),
      stack100Ms,
    };
    const stack400Ms = median(3, () => judgeStack(hypervisor, 400));
    if (asJson) process.stdout.write(`${JSON.stringify(rounded(measured))}\n`);
    else process.stdout.write(render(measured, stack400Ms));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function open(path: string): Hypervisor {
  return openHypervisor(readFileSync(path), path);
}

/** Reads nothing but the xen-syms; the payload is in memory, as with one that was just built. */
function judgeOne(path: string): number {
  const bytes = payloadFor(open(path));
  const startedAt = performance.now();
  judge(open(path), [bytes]);
  return performance.now() - startedAt;
}

function judgeStack(hypervisor: Hypervisor, count: number): number {
  const payloads = Array.from({ length: count }, (_, index) => payloadFor(hypervisor, index));
  const startedAt = performance.now();
  judge(hypervisor, payloads);
  return performance.now() - startedAt;
}

function judge(hypervisor: Hypervisor, payloads: readonly Uint8Array[]): void {
  const { outcome } = checkPayloads({
    hypervisor,
    payloads: payloads.map((bytes, index) => ({
      name: `p${index}`,
      source: `p${index}.livepatch`,
      bytes,
    })),
    action: "apply",
    dependencyCheck: "whole-chain",
    allowed: [],
  });
  invariant(outcome === "clean", `the payloads of the measurement are not clean: ${outcome}`);
}

function runCommand(folder: string, xenSyms: string): number {
  const file = join(folder, "fix.livepatch");
  writeFileSync(file, payloadFor(open(xenSyms)));
  const startedAt = performance.now();
  const { status, stdout } = spawnSync(
    process.execPath,
    [command, "check", file, "--xen-syms", xenSyms],
    { encoding: "utf8" },
  );
  const elapsedMs = performance.now() - startedAt;
  invariant(status === 0, `xsplice check ended with ${status}: ${stdout}`);
  return elapsedMs;
}

/** On top of payload `number - 1`; 20 kB with some pointers into the hypervisor. */
function payloadFor(hypervisor: Hypervisor, number = 0): Uint8Array {
  invariant(hypervisor.buildId !== undefined, "a hypervisor without build-id");
  const xenId = toHex(hypervisor.buildId);
  const relocations = Array.from({ length: POINTERS }, (_, index) => ({
    at: 8 * index,
    type: R_X86_64_64,
    symbol: "printk",
    addend: BigInt(index),
  }));
  const bulk = new Uint8Array(BULK_SIZE);
  return syntheticPayload({
    id: shortId(number),
    entries: patched.map((old) => entryFor(hypervisor, old, number)),
    xenDepends: xenId,
    depends: number === 0 ? xenId : idOf(shortId(number - 1)),
    more: {
      sections: [
        { name: ".rodata.bulk", flags: "A", bytes: bulk },
        { name: ".rodata.pointers", flags: "A", bytes: new Uint8Array(8 * POINTERS), relocations },
      ],
      symbols: [
        { name: `bulk_${number}`, section: ".rodata.bulk" },
        { name: "printk", section: 0 },
      ],
    },
  });
}

function shortId(number: number): string {
  return number.toString(16).padStart(4, "0");
}

/** Expects the first byte, which is a jump's from the second payload on. */
function entryFor({ facts, lookup }: Hypervisor, old: string, number: number): SyntheticEntry {
  const address = lookup(old);
  const found = address === undefined ? undefined : facts.functionAt(address);
  const first = address === undefined ? undefined : facts.fileBytes(address, 1);
  invariant(found !== undefined && first !== undefined, `Xen has no ${old}`);
  const expectation = number === 0 ? toHex(first) : "e9";
  return { old, by: `${old}_${number}`, oldSize: found.sizeBytes, expectation };
}

/** Of the middle one. */
function median(runs: number, measure: () => number): number {
  const times = Array.from({ length: runs }, measure).sort((left, right) => left - right);
  const middle = times[Math.floor(runs / 2)];
  invariant(middle !== undefined, "nothing was measured");
  return middle;
}

function rounded(measured: Measured): Measured {
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    inProcessMs: round(measured.inProcessMs),
    commandMs: round(measured.commandMs),
    debugCommandMs: round(measured.debugCommandMs),
    stack100Ms: round(measured.stack100Ms),
  };
}

function render(measured: Measured, stack400Ms: number): string {
  const { inProcessMs, commandMs, debugCommandMs, stack100Ms } = measured;
  const rows = [
    ["open a xen-syms of 3 MB and judge 20 kB, in process", inProcessMs],
    ["the whole command", commandMs],
    ["the whole command with 23 MB of debug information", debugCommandMs],
    ["a stack of 100 payloads, the xen-syms being open", stack100Ms],
    ["a stack of 400 payloads", stack400Ms],
  ] as const;
  return rows.map(([what, ms]) => `${what.padEnd(54)} ${ms.toFixed(1).padStart(9)} ms\n`).join("");
}

await main(process.argv.includes("--json"));
