import type { ListedLab } from "../../lab/detached.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";

export const labListCommand: CommandSpec = {
  name: "list",
  summary: "list the labs of this user",
  description: [
    'A lab that is "owned" belongs to a running command and ends with it; one that is "detached" was started by lab up.',
  ],
  arguments: [],
  options: [],
  examples: [{ command: "xsplice lab list", explains: "all labs" }],
  kind: "own",
  run: async (call) => {
    const { listLabs } = await import("../../lab/detached.ts");
    const labs = await listLabs();
    emit(call, "lab list", { labs }, () => renderLabs(labs));
    return ExitCode.success;
  },
};

function renderLabs(labs: readonly ListedLab[]): string {
  if (labs.length === 0) return "No labs\n";
  const rows = labs.map(({ info, state, lifetime, startedAt }) => [
    info.name,
    state,
    lifetime,
    `Xen ${info.packageVersion ?? info.xen}`,
    `${info.cpus} cpu`,
    `${info.memoryMb} MB`,
    startedAt,
  ]);
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join("  "))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}
