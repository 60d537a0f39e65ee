// The old-code guard on unmodified hypervisors; guard-model.test.ts plays the same on the model of each.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { HostError } from "../../../src/host/errors.ts";
import { labHost } from "../../../src/hosts/lab.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { openLab } from "../../../src/lab/open-lab.ts";
import { readXenSyms } from "../../../src/running/xen-syms.ts";
import { deepOffset, functionNamed, hashIdle, idle, makeGuarded } from "../guard-payloads.ts";
import { actOptions, call } from "../host-under-test.ts";
import { describeOnXen } from "../why-no-xen.ts";
import type { GuardBench } from "./bench.ts";
import { defineGuardScenarios } from "./scenarios.ts";

interface LabBench extends GuardBench {
  readonly lab: Lab;
}

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(release, `the old-code guard on Xen ${release}`, () => {
    let bench: LabBench;
    let untouched: string;
    before(async () => {
      bench = await openLabBench(release);
      untouched = await hashWholeText(bench);
    });
    after(() => bench?.close());
    defineGuardScenarios(() => bench);
    test("notices one byte that was changed from outside", () => seesChangeFromOutside(bench));
    test("leaves all of the hypervisor's code as it was", async () => {
      assert.equal(await hashWholeText(bench), untouched);
    });
  });
}

async function openLabBench(release: string): Promise<LabBench> {
  const lab = await openLab({ xen: release });
  try {
    const { symbols } = lab.info;
    assert.ok(symbols);
    const xen = readXenSyms(readFileSync(symbols), symbols);
    const host = await labHost(lab);
    const read = (address: bigint, length: number) => lab.readHypervisor(address, length);
    return { lab, host, xen, hashText: () => hashIdle(xen, read), close: () => lab.close() };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

async function hashWholeText({ lab, xen }: LabBench): Promise<string> {
  const [start, end] = ["_stext", "_etext"].map((name) => functionNamed(xen, name).address);
  assert.ok(start !== undefined && end !== undefined);
  const text = await lab.readHypervisor(start, Number(end - start));
  return createHash("sha1").update(text).digest("hex");
}

async function seesChangeFromOutside({ host, lab, xen }: LabBench): Promise<void> {
  const { address } = functionNamed(xen, idle.f);
  const at = address + BigInt(deepOffset(xen, idle.f));
  const [byte = 0] = await lab.readHypervisor(at, 1);
  await host.upload("fix", makeGuarded(xen, { number: 80, replaces: [idle.f] }).bytes, call);
  await lab.writeHypervisor(at, Uint8Array.of(byte ^ 0x80));
  await assert.rejects(host.act("apply", "fix", actOptions), (error) => {
    return error instanceof HostError && /dump_domains/.test(error.unexpectedCode?.place ?? "");
  });
  assert.deepEqual(await host.status("fix", call), { kind: "checked" });
  await lab.writeHypervisor(at, Uint8Array.of(byte));
  await host.act("apply", "fix", actOptions);
  await host.act("revert", "fix", actOptions);
  await host.act("unload", "fix", actOptions);
}
