import type { HostStatus } from "../../depot/trust/host-status.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { withHost } from "../with-host.ts";
import { askDepot, channelOption, requireBuildId } from "./ask.ts";

export const statusCommand: TopCommand = {
  name: "status",
  description: [
    "Asks the host what it runs, and the trusted depot what it should run: which fixes are in force, which are missing, which need a reboot and why, and until when the depot's word is believed.",
    "Exits 0 when nothing is missing, 2 when a fix is missing or needs a reboot.",
  ],
  arguments: [],
  options: [channelOption],
  examples: [
    { command: "xsplice status", explains: "of this dom0" },
    { command: "xsplice --host ssh:root@dom0 status --json", explains: "of another, for a script" },
  ],
  kind: "own",
  run: async (call) => {
    const status = await readStatus(call);
    emit(call, status, () => renderStatus(status));
    const isDone = status.fixes.every(({ state }) => state === "in-force");
    return isDone && status.isAsWished ? ExitCode.success : ExitCode.incomplete;
  },
};

export async function readStatus(call: CommandCall): Promise<HostStatus> {
  const { observeHost } = await import("../../plan/observe.ts");
  return withHost(call, async (host, options) => {
    const buildId = await requireBuildId(host, options);
    const view = await observeHost(host, [], options);
    const { hostStatusOf } = await import("../../depot/trust/host-status.ts");
    return askDepot(call, buildId, async (asked) =>
      hostStatusOf(host.label, view, asked.wish, asked.view),
    );
  });
}

function renderStatus(status: HostStatus): string {
  const { host, label, release, channel, applied, fixes, missing, surplus, others } = status;
  const said = status.signedAt === undefined ? "" : `, signed at ${status.signedAt}`;
  return [
    `${host}: Xen ${release} (${label}), channel ${channel}`,
    `applied: ${applied.join(", ") || "nothing"}`,
    ...fixes.map(({ advisory, cves, title, state, reason }) =>
      [stateWords[state], advisory, ...cves, title, reason === undefined ? "" : `(${reason})`]
        .filter((word) => word !== "")
        .join(" "),
    ),
    ...missing.map((name) => `to be applied: ${name}`),
    ...surplus.map((name) => `to be removed: ${name}`),
    ...others.map((name) => `not the depot's: ${name}`),
    status.isAsWished ? "the host runs what the depot says" : "next: xsplice update",
    `the depot's word is believed until ${status.expires}${said}`,
    "",
  ].join("\n");
}

const stateWords = {
  "in-force": "in force:    ",
  missing: "MISSING:     ",
  "needs-reboot": "NEEDS REBOOT:",
} as const;
