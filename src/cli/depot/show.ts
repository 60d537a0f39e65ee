import type { DepotView } from "../../depot/publish/view.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";
import { depotArgument } from "./signing.ts";

export const depotStatusCommand: CommandSpec = {
  name: "status",
  summary: "show a depot: channels, keys, what is not published yet, and when it expires",
  description: [
    "For the vendor, of a depot on this machine. It shows the draft, and says what hosts do not see yet.",
  ],
  arguments: [depotArgument],
  options: [],
  examples: [
    { command: "xsplice depot status depot", explains: "what it has, and who signs for it" },
  ],
  kind: "own",
  run: async (call) => {
    const [depot = ""] = call.args;
    const { viewDepot } = await import("../../depot/publish/view.ts");
    const view = viewDepot(depot, new Date());
    emit(call, "depot status", view, () => renderView(view));
    return view.troubles.length === 0 ? ExitCode.success : ExitCode.incomplete;
  },
};

function renderView({ root, bases, channels, roles, troubles }: DepotView): string {
  const lines = [
    root === undefined
      ? "nothing is published yet"
      : `root ${root.version}, fingerprint ${root.spelled}`,
    ...bases.map(({ label, release, buildId }) => `base ${label}: Xen ${release}, ${buildId}`),
    ...channels.flatMap(({ name, bases: own }) => [
      `channel ${name}:${own.length === 0 ? " nothing yet" : ""}`,
      ...own.flatMap(({ label, payloads, needsReboot }) => [
        `  ${label}: ${payloads.map(({ name: one }) => one).join(", ") || "no payload"}`,
        ...payloads.flatMap(({ name: one, fixes }) =>
          fixes.map(({ advisory, title }) => `    ${advisory} ${title} (${one})`),
        ),
        ...needsReboot.map(({ advisory, reason }) => `    ${advisory} needs a reboot: ${reason}`),
      ]),
    ]),
    ...roles.map(
      ({ name, threshold, keyIds, version, expires }) =>
        `role ${name}: ${threshold} of ${keyIds.length} keys (${keyIds.map((id) => id.slice(0, 12)).join(", ")})${expires === undefined ? "" : `, version ${version}, until ${expires}`}`,
    ),
    ...troubles.map((trouble) => `attention: ${trouble}`),
  ];
  return `${lines.join("\n")}\n`;
}
