import { emit } from "./emit.ts";
import { ExitCode } from "./exit-code.ts";
import type { CommandSpec } from "./spec.ts";
import { stockList } from "./stock-text.ts";
import { withHost } from "./with-host.ts";

export const listCommand: CommandSpec = {
  name: "list",
  summary: "list the payloads that are loaded, with their state",
  description: [
    "CHECKED is uploaded and verified, APPLIED is in use. A number in parentheses is the error of the last action.",
    "In the order of loading, which is not the order of applying.",
  ],
  arguments: [],
  options: [],
  examples: [
    { command: "xsplice list", explains: "what is loaded here" },
    { command: "xsplice --host ssh:root@dom0 list --json", explains: "elsewhere, for a script" },
  ],
  kind: "stock",
  run: (call) =>
    withHost(call, async (host, options) => {
      const payloads = await host.list(options);
      emit(call, { payloads }, () => stockList(payloads));
      return ExitCode.success;
    }),
};
