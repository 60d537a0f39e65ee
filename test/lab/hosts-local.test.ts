// The local kind of host keeps the contract: its hypercalls are made by Node in dom0.

import { openDom0Host } from "./dom0-calls.ts";
import { installXsplice } from "./dom0-xsplice.ts";
import { describeLivepatchHost } from "./host-contract/describe.ts";
import { openOnLab } from "./lab-under-test.ts";

await describeLivepatchHost("dom0 itself, on Xen 4.17", "4.17", () =>
  openOnLab({ xen: "4.17", userland: "full" }, async (lab) => {
    await installXsplice(lab);
    return { host: await openDom0Host(lab) };
  }),
);
