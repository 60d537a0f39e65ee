import { toJson } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { isPath, xenOption } from "../options/lab.ts";
import type { CommandSpec } from "../spec.ts";
import { TourPage } from "../tour/page.ts";

export const demoCommand: CommandSpec = {
  name: "demo",
  summary: "a tour: a real Xen is booted, patched and reverted before your eyes",
  description: [
    "Boots Debian's own Xen in an emulated computer, builds a live patch from a C function, applies it to the running hypervisor, shows what changed, and takes it out again. Explains each step to somebody who has never seen a live patch.",
    "Changes nothing on this machine but the cache. The first time it fetches what it needs, and says so before; later it takes a few seconds and works without a network.",
    "With --json the tour goes to standard error, and one line with what was seen to standard output.",
  ],
  arguments: [],
  options: [
    {
      ...xenOption,
      needs: [
        {
          option: "xen-syms",
          when: { words: "XEN is a path", holds: isPath },
          because: "a payload binds to the symbols of the very build that runs",
        },
      ],
    },
    {
      name: "xen-syms",
      value: "FILE",
      description: "the symbols of a hypervisor of your own",
      completes: "file",
    },
  ],
  examples: [
    { command: "xsplice demo", explains: "the tour, with Xen 4.17" },
    { command: "xsplice demo --xen 4.20 --json", explains: "with another release, for a script" },
  ],
  kind: "own",
  run: async (call) => {
    const { io, globals } = call;
    const isJson = globals.output === "json";
    const page = new TourPage(isJson ? io.stderr : io.stdout, io.env);
    const { runTour } = await import("../tour/tour.ts"); // Half of xsplice: not for every other command.
    const result = await runTour(call, page);
    if (isJson) io.stdout.write(`${toJson(result)}\n`);
    return ExitCode.success;
  },
};
