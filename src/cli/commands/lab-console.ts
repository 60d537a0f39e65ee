import { setTimeout as sleep } from "node:timers/promises";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { labNameArgument } from "../options/lab.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";

const LOOK_EVERY_MS = 100;

export const labConsoleCommand: CommandSpec = {
  name: "console",
  summary: "print the console output of a lab's hypervisor",
  description: [
    "Xen prints the reason of a refusal only here. Also works for a lab that has ended, until it is cleaned up.",
  ],
  arguments: [labNameArgument],
  options: [
    {
      name: "follow",
      description: "continue until ^C",
      excludes: [{ option: "json", because: "the document would never end" }],
    },
  ],
  examples: [
    { command: "xsplice lab console trial | grep livepatch", explains: "the reasons" },
    { command: "xsplice lab console --follow", explains: "watch it" },
  ],
  kind: "own",
  run: async (call) => {
    const { consoleOfLab } = await import("../../lab/detached.ts");
    const [name] = call.args;
    const read = async (): Promise<string> => (await consoleOfLab(name)).replaceAll("\r", "");
    if (call.options.has("follow")) return follow(call, read);
    const text = await read();
    emit(call, "lab console", { text }, () => text);
    return ExitCode.success;
  },
};

/** Ends by ^C only, or when the lab and its console are gone. */
async function follow({ io }: CommandCall, read: () => Promise<string>): Promise<number> {
  for (let shown = 0; ; ) {
    const text = await read();
    io.stdout.write(text.slice(shown));
    shown = text.length;
    await sleep(LOOK_EVERY_MS, undefined, { signal: io.signal });
  }
}
