import { toDocument } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { isPath, xenOption } from "../options/lab.ts";
import type { TopCommand } from "../spec.ts";
import { TourPage } from "../tour/page.ts";

export const demoCommand: TopCommand = {
  name: "demo",
  description: [
    "Boots Debian's own Xen in an emulated computer. One virtual machine takes it down, and another one with it, by a hole that this Xen has. It starts again; a live patch is built from the fix in Xen's source and applied while a virtual machine counts; the same attack does nothing, and the patch is reverted. Explains each step to readers who have never seen a live patch.",
    "On other hypervisors than the default one there is no attack: the live patch comes from a C function that changes Xen's version.",
    "Changes nothing on this machine except the cache. The first run lists what it needs, then downloads it; later runs take a few seconds and need no network.",
    "With --json, the tour goes to standard error, and one line with the results goes to standard output.",
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
      description: "the symbols of your own hypervisor",
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
    if (isJson) io.stdout.write(toDocument("demo", result));
    return ExitCode.success;
  },
};
