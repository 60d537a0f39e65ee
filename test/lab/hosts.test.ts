// The lab kind of host keeps the contract on each release of Xen that we can run.

import { labHost } from "../../src/hosts/lab.ts";
import { describeLivepatchHost } from "./host-contract/describe.ts";
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
