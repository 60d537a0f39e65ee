import { toHex } from "../../bytes/hex.ts";
import type { Payload } from "../../payload/payload.ts";
import type { CodeDifference } from "../../probe/difference.ts";
import type { ProbeResult } from "../../probe/probe.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { quiesceOption, readActOptions } from "../options/action.ts";
import { payloadOption } from "../options/payload.ts";
import { readPayload } from "../preflight.ts";
import type { TopCommand } from "../spec.ts";
import { withHost } from "../with-host.ts";

export const probeCommand: TopCommand = {
  name: "probe",
  description: [
    "Uploads, applies, reverts and unloads a payload that only compares the code that FILE compares. Xen itself compares; none of its code is changed.",
    "If the code differs, it prints the function and both sides, and names the applied payload that most likely changed it. A payload built with --guard none has nothing to compare.",
  ],
  arguments: [{ name: "FILE", description: "the payload", count: "one", completes: "file" }],
  options: [
    {
      name: "replace",
      description:
        "compare with the host as replace will find it: without the payloads that are applied now",
    },
    {
      ...payloadOption,
      description:
        "file of an applied payload that xSplice did not make, so that it is named where it has changed the code",
    },
    quiesceOption,
  ],
  examples: [
    {
      command: "xsplice --host ssh:root@dom0 probe fix.livepatch",
      explains: "does the host run the code that fix expects?",
    },
    {
      command: "xsplice probe --replace all-fixes.livepatch",
      explains: "before a replace, which cannot be undone",
    },
  ],
  kind: "own",
  run: async (call) => {
    const [file = ""] = call.args;
    const { payload } = await readPayload(file, call.io.signal);
    return withHost(call, async (host, options) => {
      const [{ probeHost }, { describeDifference }, { findReplacedBy }, { readGivenPayloads }] =
        await Promise.all([
          import("../../probe/probe.ts"),
          import("../../probe/words.ts"),
          import("../replaced-by.ts"),
          import("../options/given-payloads.ts"),
        ]);
      const purpose = call.options.has("replace") ? "replace" : "apply";
      const given = await readGivenPayloads(call.options.texts("payload"), call.io.signal);
      const replacedBy = await findReplacedBy(host, given, options);
      const request = { payload, purpose, replacedBy } as const;
      const result = await probeHost(host, request, readActOptions(call, options));
      const describe = (one: CodeDifference) => describeDifference(one, payload.architecture);
      emit(call, "probe", { host: host.label, purpose, ...toJson(result) }, () =>
        render(result, { label: host.label, payload, describe }),
      );
      return result.kind === "different" ? ExitCode.different : ExitCode.success;
    });
  },
};

interface Words {
  readonly label: string;
  readonly payload: Payload;
  readonly describe: (difference: CodeDifference) => readonly string[];
}

function render(result: ProbeResult, { label, payload, describe }: Words): string {
  if (result.kind === "as-expected") {
    const { comparedBytes, functions } = result;
    const what = `${comparedBytes.toLocaleString("en-US")} bytes of ${functions} function${functions === 1 ? "" : "s"}`;
    return `As expected: ${label} has the code that ${payload.source} is for (${what} compared).\n`;
  }
  const { differences, complete } = result;
  const heading = `Not as expected: ${label} has other code than ${payload.source} is for.`;
  const paragraphs = differences.map((one) => describe(one).join("\n"));
  if (differences.length === 0) {
    paragraphs.push(
      "The place is not known: it is on the hypervisor's console, which cannot be read.",
    );
  } else if (!complete) paragraphs.push("There may be more.");
  return `${[heading, ...paragraphs].join("\n\n")}\n`;
}

function toJson(result: ProbeResult) {
  if (result.kind !== "different") return result;
  const differences = result.differences.map((difference) => ({
    ...difference,
    expected: toHex(difference.expected),
    actual: toHex(difference.actual),
  }));
  return { ...result, differences };
}
