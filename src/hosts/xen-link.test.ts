// Hosts whose hypercalls we make, on the dialects that no hypervisor of ours speaks, and on one that dies. Real ones are in
// test/lab/.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../host/errors.ts";
import type { ActOptions, LivepatchHost } from "../host/host.ts";
import { XenClient } from "../xen-call/client.ts";
import { type FakeOptions, FakeXen } from "../xen-call/fake-xen.test.support.ts";
import type { Hypercall, HypercallAnswer } from "../xen-call/transport.ts";
import { MemoryJournal } from "./journal/memory.ts";
import { openXenHost } from "./xen-link.ts";

const VERSION = 17;
const SYSCTL = 35;
const REVERT = 2;
const CHECKED = 1;
const APPLIED = 2;
const call = { deadlineMs: 10_000 };
const actOptions: ActOptions = { ...call, dependencyCheck: "whole-chain", quiesceMs: 30 };
const oldXen: FakeOptions = { family: "A", version: [4, 13], interfaceVersion: 0x12 };
const newXen: FakeOptions = { family: "C", version: [4, 22], interfaceVersion: 0x16 };

/** Does what it is asked for at once. */
class ObedientXen extends FakeXen {
  override async hypercall(request: Hypercall): Promise<HypercallAnswer> {
    const before = this.actions.length;
    const answer = await super.hypercall(request);
    const action = this.actions[before];
    const [payload] = this.loaded;
    if (action && payload) payload.state = action.cmd === REVERT ? CHECKED : APPLIED;
    return answer;
  }
}

function open(xen: FakeXen, death?: Promise<HostError>): Promise<LivepatchHost> {
  const client = new XenClient(xen);
  const readBootId = async (): Promise<string> => "6f2c";
  const journal = new MemoryJournal();
  const machine = "x86_64";
  const parts = {
    label: "a fake",
    client,
    machine,
    readBootId,
    journal,
    lock: () => assert.fail(),
  };
  return openXenHost({ ...parts, ...(death && { death }) });
}

test("openXenHost() knows what a release before 4.14 cannot do", async () => {
  const host = await open(new ObedientXen(oldXen));
  assert.deepEqual(host.capabilities, {
    timeLimit: true,
    noDependencies: false,
    console: true,
    metadata: false,
  });
  await host.upload("fix", new Uint8Array(100), call);
  assert.deepEqual(await host.list(call), [
    { name: "fix", status: { kind: "checked" }, metadata: undefined },
  ]);
  const options = { ...actOptions, dependencyCheck: "hypervisor-only" } as const;
  await assert.rejects(
    host.act("apply", "fix", options),
    (error: unknown) => error instanceof HostError && error.report.code === "host/unsupported",
  );
});

test("openXenHost() gives a host that acts on the oldest and on the newest dialect", async () => {
  for (const dialect of [oldXen, newXen]) {
    const xen = new ObedientXen(dialect);
    const host = await open(xen);
    await host.upload("fix", new Uint8Array(100), call);
    const applied = await host.act("apply", "fix", actOptions);
    assert.deepEqual(applied.status, { kind: "applied" });
    assert.equal(xen.actions[0]?.timeout, 30_000_000);
    const reverted = await host.act("revert", "fix", actOptions);
    assert.deepEqual(reverted.status, { kind: "checked" });
  }
});

test("openXenHost() gives a host that says why contact was lost when its machine died", async () => {
  class DyingXen extends FakeXen {
    isDead = false;
    override async hypercall(request: Hypercall): Promise<HypercallAnswer> {
      if (!this.isDead) return super.hypercall(request);
      throw new HostError({ code: "host/unreachable", problem: "Cannot reach it: gone" });
    }
  }
  const xen = new DyingXen(newXen);
  const crash = new HostError({ code: "host/crashed", problem: "Cannot go on: it crashed" });
  const host = await open(xen, Promise.resolve(crash));
  xen.isDead = true;
  await assert.rejects(host.list(call), crash);
});

test("openXenHost() gives a host that refuses a name that no Xen takes before it asks", async () => {
  const host = await open(new ObedientXen(newXen));
  for (const name of ["", "n".repeat(128), "a\0b"]) {
    await assert.rejects(
      host.status(name, call),
      (error: unknown) => error instanceof HostError && error.report.code === "host/bad-argument",
    );
  }
});

/** A fix may break any call; the way back from it is always open. */
const informative = [
  { what: "extraversion", op: VERSION, number: 1 },
  { what: "compile_info", op: VERSION, number: 2 },
  { what: "capabilities", op: VERSION, number: 3 },
  { what: "build_id", op: VERSION, number: 10 },
  { what: "readconsole", op: SYSCTL, number: 1 },
];
for (const { what, op, number } of informative) {
  test(`openXenHost() gives a host that acts, and tells the rest, where ${what} is broken`, async () => {
    class BrokenXen extends ObedientXen {
      override async hypercall(request: Hypercall): Promise<HypercallAnswer> {
        const [first] = request.args;
        const isValue = first !== undefined && "value" in first;
        const asked = isValue ? Number(first.value) : Buffer.from(request.arena).readUInt32LE(0);
        if (request.op === op && asked === number) {
          return { result: -22, output: new Uint8Array(request.outputLength) };
        }
        return super.hypercall(request);
      }
    }
    const host = await open(new BrokenXen(newXen));
    const info = await host.info(call);
    assert.equal(info.version.minor, 22);
    assert.equal(info.architecture, "x86_64");
    assert.equal(info.bootId, "6f2c");
    await host.upload("fix", new Uint8Array(100), call);
    assert.equal((await host.act("apply", "fix", actOptions)).result, "done");
    assert.equal((await host.act("revert", "fix", actOptions)).result, "done");
  });
}
