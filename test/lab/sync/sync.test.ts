// Sync on real hypervisors: the scenarios of scenarios.ts, and the command killed by SIGKILL while
// each of its steps is under way. The kill is about the command and its journal, not about the
// hypervisor, so one release has it in every run.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { labHost } from "../../../src/hosts/lab.ts";
import { connectLab, endLab, startDetachedLab } from "../../../src/lab/detached.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { observeHost } from "../../../src/plan/observe.ts";
import { readXenSyms } from "../../../src/running/xen-syms.ts";
import { hashIdle } from "../guard-payloads.ts";
import { call } from "../host-under-test.ts";
import { describeOnXen } from "../why-no-xen.ts";
import { makeSyncPayloads, type SyncPayloads } from "./payloads.ts";
import { type SyncBench, withOwnJournal } from "./play.ts";
import { defineSyncScenarios } from "./scenarios.ts";

const command = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

/** Some five minutes for each release: `npm run test:killed` asks for all three. */
const killedOn = (process.env["XSPLICE_KILLED_ON"] ?? "4.17").split(",");

interface LabBench extends SyncBench {
  readonly lab: Lab;
  readonly payloads: SyncPayloads;
}

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(release, `sync on Xen ${release}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "xsplice-sync-"));
    const name = `sync-${release}-${process.pid}`;
    let bench: LabBench | undefined;
    const open = (): LabBench => bench ?? assert.fail("the lab is up");
    before(async () => {
      bench = await openBench(name, release);
      for (const file of Object.values(bench.payloads)) {
        writeFileSync(join(folder, file.source), file.bytes);
      }
    });
    after(async () => {
      await bench?.lab.close();
      if (bench !== undefined) await endLab(name);
      rmSync(folder, { recursive: true });
    });
    defineSyncScenarios(open, () => open().payloads);
    if (!killedOn.includes(release)) return;
    test("sync goes on where SIGKILL ended it, whichever its step", async () => {
      const shell = new Shell(folder, name);
      await moveAndDie(open(), shell);
    });
    test("sync mends what SIGKILL left behind a replace that had failed half-way", async () => {
      const shell = new Shell(folder, name);
      await mendAfterDeath(open(), shell);
    });
  });
}

async function openBench(name: string, xen: string): Promise<LabBench> {
  await startDetachedLab({ name, xen });
  const lab = await connectLab(name);
  const { symbols } = lab.info;
  assert.ok(symbols);
  const image = readXenSyms(readFileSync(symbols), symbols);
  const read = (address: bigint, length: number) => lab.readHypervisor(address, length);
  const host = withOwnJournal(await labHost(lab));
  return { lab, host, hashText: () => hashIdle(image, read), payloads: makeSyncPayloads(image) };
}

const three = ["a", "b", "c"];
const toThree = three.flatMap((name) => ["--to", `${name}.livepatch`]);

/** From three payloads to one and back, each way ended by force at a step, and begun again. */
async function moveAndDie({ lab }: LabBench, shell: Shell): Promise<void> {
  await using host = await labHost(lab);
  assert.equal((await shell.sync(toThree)).exitCode, 0);
  for (let [step, hasDied] = [1, true]; hasDied; step++) {
    hasDied = false;
    for (const [wish, goal] of [
      [["--to", "all.livepatch"], ["all"]],
      [toThree, three],
    ] as const) {
      const first = await shell.sync(wish, step);
      if (first.wasKilled) hasDied = true;
      else assert.ok(step > 4, `upload, replace and unloads: ${first.printed}`);
      const { exitCode, printed } = first.wasKilled ? await shell.sync(wish) : first;
      assert.equal(exitCode, 0, `killed at step ${step}, then: ${printed}`);
      const { state } = await observeHost(host, [], call);
      assert.deepEqual([...state.stack.names].sort(), goal, `killed at step ${step}`);
    }
  }
}

/** Three payloads are applied; the one in their place is refused when they are reverted already. */
async function mendAfterDeath({ lab }: LabBench, shell: Shell): Promise<void> {
  await using host = await labHost(lab);
  const wish = ["--to", "wrong.livepatch"];
  const before = await observeHost(host, [], call);
  for (let step = 1; ; step++) {
    const { wasKilled, exitCode, printed } = await shell.sync(wish, step);
    if (!wasKilled) {
      assert.equal(exitCode, 1, printed);
      assert.match(printed, /The host is as it was\./);
      assert.ok(step > 4, "the replace, and three steps of the way back");
      return;
    }
    const again = await shell.sync(wish);
    const { state } = await observeHost(host, [], call);
    const where = `killed at step ${step}, then: ${again.printed}`;
    assert.deepEqual(state.stack.names, before.state.stack.names, where);
  }
}

/** The command line, as a process of its own. */
class Shell {
  readonly #folder: string;
  readonly #lab: string;

  constructor(folder: string, lab: string) {
    this.#folder = folder;
    this.#lab = lab;
  }

  /** @param killAt step, from 1 on, counting those of a way back too */
  async sync(
    words: readonly string[],
    killAt?: number,
  ): Promise<{ exitCode: number | null; wasKilled: boolean; printed: string }> {
    const args = [command, "--host", `lab:${this.#lab}`, "sync", "--yes", ...words];
    const child = spawn(process.execPath, args, { cwd: this.#folder });
    const closed = once(child, "close");
    let printed = "";
    let steps = 0;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      steps += text.match(/step \d+ of \d+: /g)?.length ?? 0;
      if (killAt !== undefined && steps >= killAt) child.kill("SIGKILL");
    });
    const [exitCode, signal] = await closed;
    return { exitCode, wasKilled: signal === "SIGKILL", printed };
  }
}
