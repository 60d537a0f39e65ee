import { nodepsOption, quiesceOption } from "../options/action.ts";
import { payloadNameArgument } from "../options/payload-name.ts";
import type { TopCommand } from "../spec.ts";
import { runStockAction } from "../stock-action.ts";

export const applyCommand: TopCommand = {
  name: "apply",
  description: [
    "All CPUs stop together for a moment, and Xen writes a jump to the start of every function that the payload replaces.",
    "Waits for the result and confirms it by reading the state back. If the CPUs do not meet in time, it tries again with a longer limit.",
  ],
  arguments: [payloadNameArgument],
  options: [nodepsOption, quiesceOption],
  examples: [
    { command: "xsplice apply fix", explains: "put the payload fix into use" },
    {
      command: "xsplice apply fix --nodeps --json",
      explains: "without the check of the payload below, with JSON for a script",
    },
  ],
  kind: "stock",
  run: (call) => runStockAction(call, "apply"),
};
