import { danglingOption } from "../options/action.ts";
import { removedNameArgument } from "../options/payload-name.ts";
import type { TopCommand } from "../spec.ts";
import { runStockAction } from "../stock-action.ts";

export const unloadCommand: TopCommand = {
  name: "unload",
  description: [
    "The hypervisor frees the payload's memory and forgets its name.",
    "Refuses to free a payload that another loaded one refers to, or that the hypervisor may still reach: by a pointer that it keeps, or because a CPU may stay in its code. Where CPUs leave it a moment after a revert, waits for that.",
  ],
  arguments: [removedNameArgument],
  options: [danglingOption],
  examples: [{ command: "xsplice unload fix", explains: "remove fix from the hypervisor" }],
  kind: "stock",
  run: (call) => runStockAction(call, "unload"),
};
