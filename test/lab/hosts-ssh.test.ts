// The ssh kind of host keeps the contract with nothing on the other side but Xen's own tools.

import { openSshHost } from "../../src/hosts/ssh/open.ts";
import { describeLivepatchHost } from "./host-contract/describe.ts";
import { openOnLab } from "./lab-under-test.ts";
import { openSshWay } from "./ssh-server.ts";

await describeLivepatchHost("ssh with the stock tools, on Xen 4.17", "4.17", () =>
  openOnLab({ xen: "4.17", userland: "full" }, async (lab) => {
    const { command, destination, remove } = await openSshWay(lab);
    const host = await openSshHost({ command, destination, tools: "stock", deadlineMs: 60_000 });
    return { host, close: async () => remove() };
  }),
);
