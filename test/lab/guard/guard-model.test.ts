// The old-code guard on the models of the hypervisors that guard.test.ts plays the same scenarios on.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before } from "node:test";
import { ModelHost } from "../../../src/hosts/model.ts";
import { readXenSyms } from "../../../src/running/xen-syms.ts";
import { openHypervisor } from "../../../src/xen-model/hypervisor.ts";
import { XenModel } from "../../../src/xen-model/model.ts";
import { hashIdle } from "../guard-payloads.ts";
import { symbolsOf } from "../symbols.ts";
import { describeOnXen } from "../why-no-xen.ts";
import type { GuardBench } from "./bench.ts";
import { defineGuardScenarios } from "./scenarios.ts";

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(release, `the old-code guard on the model of Xen ${release}`, () => {
    let bench: GuardBench;
    before(() => {
      bench = openModelBench(release);
    });
    defineGuardScenarios(() => bench);
  });
}

function openModelBench(release: string): GuardBench {
  const path = symbolsOf(release);
  const file = readFileSync(path);
  const model = XenModel.boot(openHypervisor(file, path));
  const xen = readXenSyms(file, path);
  const read = async (address: bigint, length: number) => {
    const found = model.read(address, length);
    assert.equal(found.kind, "bytes");
    return found.kind === "bytes" ? found.bytes : new Uint8Array();
  };
  const close = async () => {};
  return { host: new ModelHost(model), xen, hashText: () => hashIdle(xen, read), close };
}
