// The model keeps the contract of every kind of host, on each release whose symbols we have. No lab
// runs here; the hypervisors' files come with the labs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ModelHost } from "../../src/hosts/model.ts";
import { openHypervisor } from "../../src/xen-model/hypervisor.ts";
import { XenModel } from "../../src/xen-model/model.ts";
import { describeLivepatchHost } from "./host-contract/describe.ts";
import { symbolsOf } from "./symbols.ts";
import { readXenImage } from "./xen-image.ts";

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeLivepatchHost(`the model of Xen ${release}`, release, async () => {
    const path = symbolsOf(release);
    const model = XenModel.boot(openHypervisor(readFileSync(path), path));
    return {
      host: new ModelHost(model),
      xen: readXenImage(path),
      release,
      runsHooks: false,
      async readMemory(address, length) {
        const found = model.read(address, length);
        assert.equal(found.kind, "bytes");
        return found.kind === "bytes" ? found.bytes : new Uint8Array();
      },
      close: async () => undefined,
    };
  });
}
