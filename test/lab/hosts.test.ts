// The lab kind of host keeps the contract on each release of Xen that we can run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { labHost } from "../../src/hosts/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { describeLivepatchHost } from "./host-contract/describe.ts";
import { call } from "./host-under-test.ts";
import { openOnLab } from "./lab-under-test.ts";

// Two processors at least once: with one, no rendezvous is ever missed.
const labs = [
  { xen: "4.14", cpus: 1 },
  { xen: "4.17", cpus: 2 },
  { xen: "4.20", cpus: 1 },
];

for (const options of labs) {
  const label = `a lab with Xen ${options.xen}, ${options.cpus} CPUs`;
  await describeLivepatchHost(label, options.xen, () =>
    openOnLab(options, async (lab) => ({ host: await labHost(lab) })),
  );
}

test("a lab keeps its journal from the first action on, where a new dom0 has no /var/lib", async () => {
  await using lab = await openLab({ xen: "4.17" });
  assert.equal((await lab.exec(["ls", "/var/lib"])).exitCode, 1);
  await using host = await labHost(lab);
  assert.equal(await host.journal?.read(call), undefined);
  for (const text of ["first", "second"]) {
    await host.journal?.write(text, call);
    assert.equal(await host.journal?.read(call), text);
  }
});
