import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { labOptions, readLabOptions } from "../options/lab.ts";
import type { CommandSpec } from "../spec.ts";
import { progressLine } from "../text/progress.ts";

export const labSnapshotCommand: CommandSpec = {
  name: "snapshot",
  summary: "make the snapshot that labs start from, in advance",
  description: [
    "Downloads what is missing and boots once. This is optional: the first lab does it too. If anything that a snapshot was made from has changed, a new one is made.",
  ],
  arguments: [],
  options: labOptions,
  examples: [
    {
      command: "xsplice lab snapshot --xen 4.20",
      explains: "so that labs with 4.20 start at once",
    },
  ],
  kind: "own",
  run: async (call) => {
    const progress = progressLine(call.io);
    const options = await readLabOptions(call, progress);
    const { prepareLab } = await import("../../lab/open-lab.ts");
    const made = await prepareLab(options);
    progress.end();
    emit(call, "lab snapshot", { made }, () =>
      made ? "The snapshot is made\n" : "The snapshot was there\n",
    );
    return ExitCode.success;
  },
};
