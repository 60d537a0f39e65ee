import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { labNameArgument } from "../options/lab.ts";
import type { CommandSpec } from "../spec.ts";

export const labDownCommand: CommandSpec = {
  name: "down",
  summary: "stop a lab and remove its files",
  description: ["Nothing is kept; the next lab starts from the snapshot again."],
  arguments: [labNameArgument],
  options: [],
  examples: [{ command: "xsplice lab down trial", explains: "end the lab trial" }],
  kind: "own",
  run: async (call) => {
    const { endLab } = await import("../../lab/detached.ts");
    const [name] = call.args;
    const info = await endLab(name);
    emit(call, "lab down", { ended: info.name }, () => `${info.name} is down\n`);
    return ExitCode.success;
  },
};
