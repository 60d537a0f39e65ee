// Whether a replace is one step for whoever calls the hypervisor meanwhile: one CPU calls a patched
// hypercall without a pause, while the payload behind it changes from the other CPU, many times.
// Every change is waited for until the loop has seen it, so no round can pass unseen. Not a test.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { AgentProcess } from "../../src/agent/process.ts";
import type { Action, LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { build, extraVersion } from "./contract-payloads.ts";
import { actOptions, call } from "./host-under-test.ts";
import { readXenImage } from "./xen-image.ts";

export interface AtomicGoal {
  /** Of Xen. */
  readonly release: string;
  /** Calls that the loop has to make while one payload takes the other's place. */
  readonly calls: number;
  /** Times that one has to take the other's place. */
  readonly replaces: number;
  /** Times to revert and apply in two steps, at most, until the gap is seen. */
  readonly controlsMax: number;
}

export interface AtomicResult {
  /** While payloads took each other's place. */
  readonly calls: number;
  readonly replaces: number;
  /** Rendezvous of all CPUs that were missed, and tried again. */
  readonly missedRendezvous: number;
  readonly unpatchedSeen: number;
  /** Answers that are nobody's. */
  readonly othersSeen: number;
  /** Times that an answer was another one than the answer before; one for each replace. */
  readonly changesSeen: number;
  /** How often the loop saw the unpatched function between a revert and an apply. */
  readonly gapSeenInControl: number;
}

/** As atomic-loop.c prints it; all of them only grow. */
interface Counts {
  readonly calls: number;
  readonly first: number;
  readonly second: number;
  readonly unpatched: number;
  readonly others: number;
  /** Times that an answer was another one than the answer before. */
  readonly changes: number;
}

type Side = "first" | "second";
const texts = { first: ".first", second: ".second" } as const;
const LOOP = "/tmp/atomic-loop";

export async function tryAtomicity(goal: AtomicGoal): Promise<AtomicResult> {
  await using lab = await openLab({ xen: goal.release, cpus: 2 });
  const host = await labHost(lab);
  const { extra } = (await host.info(call)).version;
  await upload(lab, host);
  await installLoop(lab);
  await act(host, "apply", "first");
  return await withLoop(lab, extra, async (loop) => {
    const { side, counts, ...replaced } = await replaceInTurn(host, loop, goal);
    const control = await revertAndApply(host, loop, side, goal.controlsMax);
    return {
      ...replaced,
      calls: counts.calls,
      unpatchedSeen: counts.unpatched,
      othersSeen: control.others,
      // The first answer is no change.
      changesSeen: counts.changes - 1,
      gapSeenInControl: control.unpatched - counts.unpatched,
    };
  });
}

async function replaceInTurn(host: LivepatchHost, loop: Loop, goal: AtomicGoal) {
  let [replaces, missedRendezvous] = [0, 0];
  let side: Side = "first";
  let counts = await loop.seen(side);
  while (counts.calls < goal.calls || replaces < goal.replaces) {
    side = other(side);
    missedRendezvous += await act(host, "replace", side);
    replaces++;
    counts = await loop.seen(side);
  }
  return { side, counts, replaces, missedRendezvous };
}

/** @param applied what the replaces left */
async function revertAndApply(
  host: LivepatchHost,
  loop: Loop,
  applied: Side,
  roundsMax: number,
): Promise<Counts> {
  let side = applied;
  let counts = await loop.seen(side);
  const before = counts.unpatched;
  for (let round = 0; round < roundsMax && counts.unpatched === before; round++) {
    await act(host, "revert", side);
    side = other(side);
    await act(host, "apply", side);
    counts = await loop.seen(side);
  }
  return counts;
}

function other(side: Side): Side {
  return side === "first" ? "second" : "first";
}

/** Gives how often a rendezvous was missed. */
async function act(host: LivepatchHost, action: Action, name: string): Promise<number> {
  const { result, retries } = await host.act(action, name, actOptions);
  assert.equal(result, "done", `${action} ${name}`);
  return retries;
}

async function upload(lab: Lab, host: LivepatchHost): Promise<void> {
  assert.ok(lab.info.symbols);
  const xen = readXenImage(lab.info.symbols);
  for (const [name, text] of Object.entries(texts)) {
    await host.upload(name, build(extraVersion(xen, text)).bytes, call);
  }
}

async function installLoop(lab: Lab): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-atomic-"));
  try {
    const source = fileURLToPath(new URL("../../../test/lab/atomic-loop.c", import.meta.url));
    const program = join(folder, "atomic-loop");
    execFileSync("gcc", ["-O2", "-static", "-s", "-o", program, source]);
    const write = ["sh", "-c", `cat >${LOOP} && chmod 755 ${LOOP}`];
    const { exitCode, stderr } = await lab.exec(write, { stdin: readFileSync(program) });
    assert.equal(exitCode, 0, stderr.toString());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withLoop<Result>(
  lab: Lab,
  unpatched: string,
  use: (loop: Loop) => Promise<Result>,
): Promise<Result> {
  const child = lab.agent.spawn([LOOP, texts.first, texts.second, unpatched]);
  const loop = new Loop(child);
  try {
    return await lab.guard(use(loop));
  } finally {
    await loop.stop();
  }
}

/** The program in dom0, as it reports. */
class Loop {
  readonly #child: AgentProcess;
  readonly #lines: AsyncIterator<string>;
  #complaints = "";
  #last: Counts | undefined;

  constructor(child: AgentProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on("data", (chunk) => {
      this.#complaints += String(chunk);
    });
  }

  /**
   * Waits until the loop has got this answer, once more than when it was asked last: lines that lie in
   * the pipe still tell of the other side, so they do not count.
   */
  async seen(side: Side): Promise<Counts> {
    const before = this.#last?.[side] ?? 0;
    for (;;) {
      const counts = await this.#next();
      if (counts[side] > before) return counts;
    }
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    this.#child.stdout.resume();
    assert.equal(await this.#child.exit, 0, this.#complaints);
  }

  async #next(): Promise<Counts> {
    const { value, done } = await this.#lines.next();
    assert.ok(done !== true, `the loop in dom0 ended: ${this.#complaints}`);
    this.#last = JSON.parse(value) as Counts;
    return this.#last;
  }
}
