import { quiesceOption } from "../options/action.ts";
import { payloadNameArgument } from "../options/payload-name.ts";
import type { TopCommand } from "../spec.ts";
import { runStockAction } from "../stock-action.ts";

export const replaceCommand: TopCommand = {
  name: "replace",
  description: [
    "For cumulative payloads: in one rendezvous, Xen reverts everything that is applied and applies this payload, so no fix is missing in between.",
    "The payload must be built for the hypervisor itself, not on top of another payload.",
  ],
  arguments: [payloadNameArgument],
  options: [quiesceOption],
  examples: [
    { command: "xsplice replace fix-2", explains: "fix-2 instead of everything applied so far" },
  ],
  kind: "stock",
  run: (call) => runStockAction(call, "replace"),
};
