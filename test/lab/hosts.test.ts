// The lab kind of host keeps the contract on each release of Xen that we can run.

import assert from "node:assert/strict";
import { labHost } from "../../src/hosts/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { describeLivepatchHost } from "./host-contract.ts";
import { readXenImage } from "./xen-image.ts";

// Two processors at least once: with one, no rendezvous is ever missed.
const labs = [
  { xen: "4.14", cpus: 1 },
  { xen: "4.17", cpus: 2 },
  { xen: "4.20", cpus: 1 },
];

for (const { xen, cpus } of labs) {
  describeLivepatchHost(`a lab with Xen ${xen} and ${cpus} CPUs`, async () => {
    const lab = await openLab({ xen, cpus });
    assert.ok(lab.info.symbols);
    return {
      host: await labHost(lab),
      xen: readXenImage(lab.info.symbols),
      release: xen,
      readMemory: (address, length) => lab.readHypervisor(address, length),
      close: () => lab.close(),
    };
  });
}
