// What sync.test.ts does on real hypervisors, on the model of each.

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
import { makeSyncPayloads, type SyncPayloads } from "./payloads.ts";
import type { SyncBench } from "./play.ts";
import { defineSyncScenarios } from "./scenarios.ts";

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(release, `sync on the model of Xen ${release}`, () => {
    let bench: SyncBench;
    let payloads: SyncPayloads;
    before(() => {
      const path = symbolsOf(release);
      const file = readFileSync(path);
      const model = XenModel.boot(openHypervisor(file, path));
      const xen = readXenSyms(file, path);
      const read = async (address: bigint, length: number) => {
        const found = model.read(address, length);
        assert.equal(found.kind, "bytes");
        return found.kind === "bytes" ? found.bytes : new Uint8Array();
      };
      bench = { host: new ModelHost(model), hashText: () => hashIdle(xen, read) };
      payloads = makeSyncPayloads(xen);
    });
    defineSyncScenarios(
      () => bench,
      () => payloads,
    );
  });
}
