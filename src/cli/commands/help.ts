import { toDocument } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { TopCommand } from "../spec.ts";

export const helpCommand: TopCommand = {
  name: "help",
  description: [
    'Prints to standard error, as "xen-livepatch help" does; "xsplice COMMAND --help" prints the same to standard output.',
  ],
  arguments: [
    {
      name: "COMMAND",
      description: 'such as apply, or "lab up"',
      count: "many",
      completes: "command",
    },
  ],
  options: [],
  examples: [
    { command: "xsplice help", explains: "all commands" },
    { command: "xsplice help lab run", explains: "one of them" },
  ],
  kind: "stock",
  run: async (call) => {
    const text = call.helpOf(call.args);
    if (call.globals.output === "json") call.io.stdout.write(toDocument("help", { help: text }));
    else call.io.stderr.write(text);
    return ExitCode.success;
  },
};
