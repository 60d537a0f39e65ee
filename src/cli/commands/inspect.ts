import { describeTables } from "../../dissect/describe-tables.ts";
import type { Dissection } from "../../dissect/dissect-payload.ts";
import type { Paragraph } from "../../payload/describe.ts";
import type { Inspection } from "../../payload/inspect.ts";
import { DOCUMENT_VERSION, emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { baseOption, readSymbolsPath } from "../options/base.ts";
import { xenSymsOption } from "../options/xen-syms.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { columnsOf } from "../text/aligned-lines.ts";
import { codeParagraphs, noSuchFunction } from "../text/inspect-code.ts";
import { type RunningHypervisor, readRunningCode } from "../text/inspect-running-code.ts";

/** Long lists are cut here for people; --all and --json show everything. */
const LIST_LINES_MAX = 40;
/** Eight times what a hypervisor takes: what is too large can be looked at as well. */
export const INSPECTED_SIZE_MAX = 16 * 1024 * 1024;

export const inspectCommand: TopCommand = {
  name: "inspect",
  description: [
    "Shows the functions that the payload replaces and why, its hooks, dependencies, required and exported symbols, the tables that the hypervisor processes, and its code. Needs no hypervisor.",
    "With --base or --xen-syms, the hypervisor's code is shown beside the new code; lines that differ are marked.",
    "Reads damaged payloads too, and reports what is broken. Exits 1 if the payload has an error that a hypervisor would refuse, or that would harm it.",
  ],
  arguments: [{ name: "FILE", description: "the payload", count: "one", completes: "file" }],
  options: [
    { name: "all", description: "do not shorten long lists" },
    {
      name: "disassemble",
      value: "FUNCTION",
      valueCount: "optional",
      description: "show the code of one function, or of all (then put FILE first)",
    },
    baseOption(["xen-syms"]),
    {
      ...xenSymsOption,
      description: "the hypervisor with its symbols, to show old code beside new code",
    },
  ],
  examples: [
    { command: "xsplice inspect fix.livepatch", explains: "for a person" },
    { command: "xsplice inspect fix.livepatch --json", explains: "for a script" },
    {
      command: "xsplice inspect fix.livepatch --disassemble do_xen_version --xen-syms xen-syms",
      explains: "new code of one function beside the old code",
    },
  ],
  kind: "own",
  run: async (call) => {
    const [path = ""] = call.args;
    const reason = "far more than a payload has";
    const bytes = await readInputFile(path, { sizeMax: INSPECTED_SIZE_MAX, reason });
    const [{ inspectPayload }, { describePayload }, { jsonOf }] = await Promise.all([
      import("../../payload/inspect.ts"),
      import("../../payload/describe.ts"),
      import("../../payload/json-value.ts"),
    ]);
    const inspection = inspectPayload(bytes, path);
    const hypervisor = await readHypervisor(call);
    const { tables, code } = await dissect(call, bytes, inspection, hypervisor);
    const listLinesMax = call.options.has("all") ? Number.POSITIVE_INFINITY : LIST_LINES_MAX;
    const more = [...describeTables(tables), ...otherHypervisor(inspection, hypervisor)];
    emit(
      call,
      "inspect",
      jsonOf({
        documentVersion: DOCUMENT_VERSION,
        ...inspection.contents,
        tables,
        code,
        findings: findingsOf(inspection),
        ...(hypervisor && { hypervisor: { buildId: hypervisor.buildId } }),
      }),
      () =>
        [
          describePayload(inspection, { listLinesMax, more }),
          ...codeParagraphs(code, columnsOf(call.io.stdout)),
        ].join("\n"),
    );
    const isBad = inspection.findings.some(({ severity }) => severity === "error");
    return isBad ? ExitCode.failure : ExitCode.success;
  },
};

async function readHypervisor(call: CommandCall): Promise<RunningHypervisor | undefined> {
  const path = await readSymbolsPath(call);
  return path === undefined ? undefined : readRunningCode(path, call.io.signal);
}

/** What stands beside the new code is then not what it replaces. */
function otherHypervisor(
  { contents: { xenDepends } }: Inspection,
  hypervisor: RunningHypervisor | undefined,
): readonly Paragraph[] {
  if (hypervisor === undefined || xenDepends === undefined) return [];
  if (hypervisor.buildId === xenDepends) return [];
  const lines = [`given     ${hypervisor.buildId}`, `made for  ${xenDepends}`];
  return [{ heading: "The old code is that of another hypervisor", lines }];
}

async function dissect(
  { options }: CommandCall,
  bytes: Uint8Array,
  { contents }: Inspection,
  hypervisor: RunningHypervisor | undefined,
): Promise<Dissection> {
  const { dissectPayload } = await import("../../dissect/dissect-payload.ts");
  const name = options.text("disassemble");
  // To ask for the old code is to ask for the new.
  const isAll = options.has("disassemble") || (hypervisor !== undefined && name === undefined);
  const dissection = dissectPayload(bytes, contents, {
    release: hypervisor?.release,
    code: name !== undefined ? { named: name } : isAll ? "all" : "none",
    running: hypervisor?.running,
  });
  if (name !== undefined && dissection.code.length === 0) {
    throw noSuchFunction(name, contents.source, dissection.functionNames);
  }
  return dissection;
}

function findingsOf({ findings }: Inspection) {
  return findings.map(({ severity, report }) => ({ severity, ...report }));
}
