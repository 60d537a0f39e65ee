import { quiesceOption } from "../options/action.ts";
import { removedNameArgument } from "../options/payload-name.ts";
import type { TopCommand } from "../spec.ts";
import { runStockAction } from "../stock-action.ts";

export const revertCommand: TopCommand = {
  name: "revert",
  description: [
    "Restores the original bytes at the start of every function that the payload replaced. The payload stays uploaded.",
    "Xen reverts only the payload that was applied last.",
  ],
  arguments: [removedNameArgument],
  options: [quiesceOption],
  examples: [{ command: "xsplice revert fix", explains: "the old code runs again" }],
  kind: "stock",
  run: (call) => runStockAction(call, "revert"),
};
