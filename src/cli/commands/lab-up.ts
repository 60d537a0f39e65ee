import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { labOptions, readLabOptions } from "../options/lab.ts";
import type { CommandSpec } from "../spec.ts";
import { progressLine } from "../text/progress.ts";

export const labUpCommand: CommandSpec = {
  name: "up",
  summary: "start a lab that runs until it is stopped",
  description: [
    "The lab keeps running after this command ends; xsplice lab down NAME stops it. Other commands use it with --host lab:NAME, or --host lab if it is the only one.",
  ],
  arguments: [
    {
      name: "NAME",
      description: "the name of the lab (default: lab-1, lab-2, …)",
      count: "optional",
    },
  ],
  options: labOptions,
  examples: [
    { command: "xsplice lab up", explains: "Xen 4.17" },
    {
      command: "xsplice lab up board --arch arm64",
      explains: "Xen 4.17 for arm64, built once from Debian's source with live patching",
    },
    {
      command: "xsplice lab up trial --xen 4.20 --cpus 2",
      explains: "another release, with two processors; then xsplice --host lab:trial info",
    },
  ],
  kind: "own",
  run: async (call) => {
    const progress = progressLine(call.io);
    const options = await readLabOptions(call, progress);
    const { startDetachedLab } = await import("../../lab/detached.ts");
    const [name] = call.args;
    const info = await startDetachedLab({ ...options, ...(name === undefined ? {} : { name }) });
    progress.end();
    emit(call, "lab up", info, () =>
      [
        `${info.name} is up: Xen ${info.packageVersion ?? info.xen}`,
        `  use it:    xsplice --host lab:${info.name} info`,
        `  symbols:   ${info.symbols ?? "none"}`,
        `  end it:    xsplice lab down ${info.name}`,
        "",
      ].join("\n"),
    );
    return ExitCode.success;
  },
};
