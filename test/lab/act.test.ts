// What act() is for, on a real hypervisor: meetings that are missed, a payload that stays "in
// progress" for ever, work of somebody else, and a payload that kills its host.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "../../src/host/errors.ts";
import type { ActOutcome, LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { Errno } from "../../src/xen-abi/errno.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { build, extraVersion, withCode } from "./contract-payloads.ts";
import { actOptions, call, clearHost, refused } from "./host-under-test.ts";
import { readXenImage, type XenImage } from "./xen-image.ts";

const once = { timeoutNs: 1_000_000_000, dependencyCheck: "whole-chain" } as const;
/** Xen's one record of pending work: u64 payload at 8, a byte at 16 that says that there is some. */
const WORK_OFFSET = 8n;
const WORK_FOR_NOBODY = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1);
const NO_WORK = new Uint8Array(WORK_FOR_NOBODY.length);

describe("act() on Xen 4.17 with 2 CPUs", () => {
  let lab: Lab;
  let host: LivepatchHost;
  let client: XenClient;
  let xen: XenImage;

  before(async () => {
    lab = await openLab({ xen: "4.17", cpus: 2 });
    assert.ok(lab.info.symbols);
    host = await labHost(lab);
    client = new XenClient(new ProxyTransport(lab.agent));
    xen = readXenImage(lab.info.symbols);
  });
  after(async () => {
    await lab?.close();
  });
  afterEach(async () => clearHost(host));

  /** Makes Xen believe that it has work to do, as it has while CPUs are on their way. */
  async function whileOccupied(body: () => Promise<void>): Promise<void> {
    const address = xen.addressOf("livepatch_work") + WORK_OFFSET;
    await lab.writeHypervisor(address, WORK_FOR_NOBODY);
    try {
      await body();
    } finally {
      await lab.writeHypervisor(address, NO_WORK);
    }
  }

  async function untilBusy(name: string): Promise<void> {
    while ((await host.status(name, call))?.kind !== "busy") await sleep(5);
  }

  /** Leaves the payload as xen-livepatch will not touch it any more (ABI §4.1). */
  async function getStuck(name: string, action: "apply" | "replace"): Promise<void> {
    await whileOccupied(async () => {
      const refusal = client.action(action, name, once);
      await assert.rejects(refusal, (error) => isErrno(error, Errno.EBUSY));
    });
    assert.deepEqual(await host.status(name, call), { kind: "busy", settled: "checked" });
  }

  test("act() tries missed meetings of the CPUs again, with more time", async () => {
    await host.upload("a", build(extraVersion(xen, ".a")).bytes, call);
    const outcome = await host.act("apply", "a", { ...actOptions, quiesceMs: 0.001 });
    assert.ok(outcome.retries > 0, "the CPUs met within a microsecond");
    assert.deepEqual(outcome.status, { kind: "applied" });
    assert.equal((await host.info(call)).version.extra, ".a");
  });

  test("act() waits while Xen works on something else", async () => {
    await host.upload("a", build(extraVersion(xen, ".a")).bytes, call);
    let acting: Promise<ActOutcome> | undefined;
    await whileOccupied(async () => {
      acting = host.act("apply", "a", actOptions);
      await untilBusy("a");
    });
    assert.equal((await acting)?.result, "done");
  });

  test("act() frees a payload that a refusal left in progress for ever", async () => {
    await host.upload("a", build(extraVersion(xen, ".a")).bytes, call);
    await getStuck("a", "apply");
    assert.equal((await host.act("apply", "a", actOptions)).result, "done");
    assert.deepEqual(await host.status("a", call), { kind: "applied" });
  });

  test("act() unloads a payload that a refusal left in progress for ever", async () => {
    await host.upload("a", build(extraVersion(xen, ".a")).bytes, call);
    await getStuck("a", "replace");
    assert.equal((await host.act("unload", "a", actOptions)).status, undefined);
  });

  test("act() says at the deadline that Xen still works on something else", async () => {
    await host.upload("a", build(extraVersion(xen, ".a")).bytes, call);
    await whileOccupied(async () => {
      const options = { ...actOptions, deadlineMs: 2000 };
      const error = await refused(host.act("apply", "a", options), { code: "host/timeout" });
      assert.match(error.report.problem, /still has pending work/);
    });
  });
});

test("act() says that the hypervisor crashed, and shows its last words", async () => {
  const lab = await openLab({ xen: "4.17" });
  try {
    assert.ok(lab.info.symbols);
    await using host = await labHost(lab);
    const recipe = extraVersion(readXenImage(lab.info.symbols), ".a");
    const fatal = withCode(recipe, "void test_fatal(void) { __builtin_trap(); }");
    await host.upload("fatal", build({ ...fatal, hooks: { load: ["test_fatal"] } }).bytes, call);
    const error = await refused(host.act("apply", "fatal", actOptions), { code: "host/crashed" });
    assert.match(error.report.problem, /the hypervisor crashed/);
    assert.match(error.report.where ?? "", /Panic on CPU 0/);
  } finally {
    await lab.close();
  }
});

function isErrno(error: unknown, errno: number): boolean {
  return error instanceof HostError && error.errno === errno;
}
