import { DepotError } from "../../depot/errors.ts";
import type { HostStatus } from "../../depot/trust/host-status.ts";
import type { HostView } from "../../plan/observe.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { withHost } from "../with-host.ts";
import { askDepot, channelOption, requireBuildId } from "./ask.ts";
import { trustFolder } from "./state-folder.ts";

export const statusCommand: TopCommand = {
  name: "status",
  description: [
    "Asks the host what it runs, and the trusted depot what it should run: which fixes are in force, which are missing, which need a reboot and why, and until when the depot's word is believed.",
    "Where the depot cannot be reached, what it said last is shown, with its age.",
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
    const { status, unasked } = await readStatusOrLast(call);
    const document = unasked === undefined ? status : { ...status, unasked };
    emit(call, "status", document, () => renderStatus(status, unasked));
    const isDone = status.fixes.every(({ state }) => state === "in-force") && status.isAsWished;
    return isDone && unasked?.isExpired !== true ? ExitCode.success : ExitCode.incomplete;
  },
};

/** By what the depot says now. */
export async function readStatus(call: CommandCall): Promise<HostStatus> {
  return withObserved(call, (host, view, buildId) => askStatus(call, host, view, buildId));
}

/** Of a depot that was not reached. */
interface Unasked {
  readonly because: string;
  /** Since it was signed. */
  readonly ageSeconds: number | undefined;
  readonly isExpired: boolean;
}

interface Known {
  readonly status: HostStatus;
  readonly unasked: Unasked | undefined;
}

function readStatusOrLast(call: CommandCall): Promise<Known> {
  return withObserved(call, async (host, view, buildId) => {
    try {
      return { status: await askStatus(call, host, view, buildId), unasked: undefined };
    } catch (error) {
      const isSilent = error instanceof DepotError && error.report.code === "depot/unreachable";
      const last = isSilent ? await lastOf(call, host, view) : undefined;
      if (!isSilent || last === undefined) throw error;
      const { status, signedAt, expires } = last;
      const ageSeconds = signedAt && Math.round((Date.now() - signedAt.getTime()) / 1000);
      const isExpired = expires.getTime() <= Date.now();
      return { status, unasked: { because: error.report.problem, ageSeconds, isExpired } };
    }
  });
}

async function withObserved<Result>(
  call: CommandCall,
  use: (label: string, view: HostView, buildId: string) => Promise<Result>,
): Promise<Result> {
  const { observeHost } = await import("../../plan/observe.ts");
  return withHost(call, async (host, options) => {
    const buildId = await requireBuildId(host, options);
    return use(host.label, await observeHost(host, [], options), buildId);
  });
}

async function askStatus(call: CommandCall, label: string, view: HostView, buildId: string) {
  const { hostStatusOf } = await import("../../depot/trust/host-status.ts");
  return askDepot(call, buildId, async (asked) =>
    hostStatusOf(label, view, asked.wish, asked.view),
  );
}

async function lastOf(call: CommandCall, label: string, view: HostView) {
  const [{ readTrust }, { lastKnown }] = await Promise.all([
    import("../../depot/trust/state.ts"),
    import("./last-known.ts"),
  ]);
  const folder = trustFolder(call.io.env);
  const channel = call.options.text("channel") ?? readTrust(folder).channel;
  return lastKnown(folder, channel, label, view);
}

function renderStatus(status: HostStatus, unasked: Unasked | undefined): string {
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
    ...(unasked === undefined ? [] : unaskedLines(unasked)),
    unasked?.isExpired === true
      ? `the depot's word was to be believed until ${status.expires}${said}: nothing of it is sure`
      : `the depot's word is believed until ${status.expires}${said}`,
    "",
  ].join("\n");
}

function unaskedLines({ because, ageSeconds }: Unasked): readonly string[] {
  const age = ageSeconds === undefined ? "" : `, ${ageWords(ageSeconds)} old`;
  return [`NOT ASKED: ${because}`, `this is what the depot said last${age}`];
}

function ageWords(seconds: number): string {
  const units = [
    [86_400, "days"],
    [3600, "hours"],
    [60, "minutes"],
  ] as const;
  const found = units.find(([size]) => seconds >= 2 * size);
  return found === undefined
    ? `${seconds} seconds`
    : `${Math.floor(seconds / found[0])} ${found[1]}`;
}

const stateWords = {
  "in-force": "in force:    ",
  missing: "MISSING:     ",
  "needs-reboot": "NEEDS REBOOT:",
} as const;
