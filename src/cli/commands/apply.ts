import { nodepsOption, quiesceOption } from "../options/action.ts";
import { payloadNameArgument } from "../options/payload-name.ts";
import type { CommandSpec } from "../spec.ts";
import { runStockAction } from "../stock-action.ts";

export const applyCommand: CommandSpec = {
  name: "apply",
  summary: "put an uploaded payload into use",
  description: [
    "All CPUs meet for a moment, and a jump is written to the start of every function that the payload replaces.",
    "Waits for the hypervisor's result and confirms it by asking for the state; a rendezvous that was missed is tried again with a longer limit.",
  ],
  arguments: [payloadNameArgument],
  options: [nodepsOption, quiesceOption],
  examples: [
    { command: "xsplice apply fix", explains: "put the payload fix into use" },
    {
      command: "xsplice apply fix --nodeps --json",
      explains: "without the check of what it is stacked on, result for a script",
    },
  ],
  kind: "stock",
  run: (call) => runStockAction(call, "apply"),
};
