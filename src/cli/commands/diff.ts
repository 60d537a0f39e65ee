import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { readInputFile } from "../read-input-file.ts";
import type { TopCommand } from "../spec.ts";
import { INSPECTED_SIZE_MAX } from "./inspect.ts";

export const diffCommand: TopCommand = {
  name: "diff",
  description: [
    "Compares function by function: which are added, removed or changed, and the first instruction that differs. Also compares addresses of old code, guards, hooks, dependencies, metadata and data. References are compared by meaning, not by address or by xSplice's tags in names. Build-ids do not count, since they follow from everything else.",
    "Reads damaged payloads too, and reports what is broken.",
    "Exits 0 if the payloads do the same, 2 if they differ.",
  ],
  arguments: [
    { name: "BEFORE", description: "a payload", count: "one", completes: "file" },
    { name: "AFTER", description: "another one", count: "one", completes: "file" },
  ],
  options: [],
  examples: [
    { command: "xsplice diff old.livepatch new.livepatch", explains: "for a person" },
    { command: "xsplice diff old.livepatch new.livepatch --json", explains: "for a script" },
  ],
  kind: "own",
  run: async (call) => {
    const [before = "", after = ""] = call.args;
    const read = async (source: string) => {
      const reason = "far more than a payload has";
      return {
        source,
        bytes: await readInputFile(source, { sizeMax: INSPECTED_SIZE_MAX, reason }),
      };
    };
    const [{ comparePayloads }, { describeComparison }, { jsonOf }] = await Promise.all([
      import("../../dissect/compare-payloads.ts"),
      import("../../dissect/describe-comparison.ts"),
      import("../../payload/json-value.ts"),
    ]);
    const comparison = comparePayloads(await read(before), await read(after));
    emit(call, "diff", jsonOf(comparison), () => describeComparison(comparison));
    return comparison.outcome === "different" ? ExitCode.different : ExitCode.success;
  },
};
