import { PAYLOAD_SIZE_MAX } from "../xen-abi/limits.ts";
import { emit } from "./emit.ts";
import { ExitCode } from "./exit-code.ts";
import { readInputFile } from "./read-input-file.ts";
import type { CommandSpec } from "./spec.ts";

/** Long lists are cut here for people; --all and --json show everything. */
const LIST_LINES_MAX = 40;

export const inspectCommand: CommandSpec = {
  name: "inspect",
  summary: "show what is in a payload, and what is wrong with it",
  description: [
    "Functions that it replaces, hooks, what it depends on, what it needs and brings along. Needs no hypervisor.",
    "Ends with 1 when the payload has an error that a hypervisor would refuse it for, or come to harm by.",
  ],
  arguments: [{ name: "FILE", description: "the payload", count: "one", completes: "file" }],
  options: [{ flags: "--all", description: "do not cut long lists" }],
  examples: [
    { command: "xsplice inspect fix.livepatch", explains: "for a person" },
    { command: "xsplice inspect fix.livepatch --json", explains: "for a script" },
  ],
  kind: "own",
  run: async (call) => {
    const [path = ""] = call.args;
    const reason = "the hypervisor's limit for a payload";
    const bytes = await readInputFile(path, { sizeMax: PAYLOAD_SIZE_MAX, reason });
    const [{ inspectPayload }, { describePayload, payloadToJson }] = await Promise.all([
      import("../payload/inspect.ts"),
      import("../payload/describe.ts"),
    ]);
    const inspection = inspectPayload(bytes, path);
    const listLinesMax = call.options.has("all") ? Number.POSITIVE_INFINITY : LIST_LINES_MAX;
    emit(call, payloadToJson(inspection), () => describePayload(inspection, { listLinesMax }));
    const isBad = inspection.findings.some(({ severity }) => severity === "error");
    return isBad ? ExitCode.failure : ExitCode.success;
  },
};
