import { DepotError } from "../../depot/errors.ts";
import type { DepotWish } from "../../depot/form.ts";
import type { SeenUpdate } from "../../depot/trust/seen.ts";
import type { ListedPayload } from "../../host/host.ts";
import type { HostView } from "../../plan/observe.ts";
import { quoteWord } from "../../quote-word.ts";
import { SyncError } from "../../sync/errors.ts";
import { codeOfSystemError } from "../../system-state.ts";
import { takeSync } from "../commands/sync.ts";
import { yesOption } from "../consent.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { quiesceOption } from "../options/action.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { renderPlan, renderRefusal } from "../text/plan.ts";
import { withHost } from "../with-host.ts";
import { askDepot, channelOption, requireBuildId } from "./ask.ts";
import { trustFolder } from "./state-folder.ts";

export const updateCommand: TopCommand = {
  name: "update",
  description: [
    "Asks the trusted depot what the hypervisor that runs should run, verifies every byte, plans, and syncs. The bytes that were verified are the bytes that are uploaded. For another host, all of this happens here, and the host needs nothing.",
    "What the depot took out of the channel is removed. What the depot never named is not: such payloads are refused, unless --remove-others says that they shall go.",
    "If it is killed, run it again.",
  ],
  arguments: [],
  options: [
    channelOption,
    { name: "dry-run", description: "show the plan, and change nothing" },
    {
      name: "remove-others",
      description: "remove payloads that are not the depot's, which somebody else has loaded",
    },
    yesOption,
    quiesceOption,
  ],
  examples: [
    { command: "xsplice update --dry-run", explains: "what it would do on this dom0" },
    {
      command: "xsplice --host ssh:root@dom0 update --yes",
      explains: "another host, verified here, from a script",
    },
  ],
  kind: "own",
  run: async (call) => {
    if (call.options.has("dry-run")) return update(call);
    let result: SeenUpdate["result"] = "failed";
    try {
      const exitCode = await update(call);
      if (exitCode === ExitCode.success) result = "done";
      if (exitCode === ExitCode.refused) result = "refused";
      return exitCode;
    } catch (error) {
      if (error instanceof DepotError || error instanceof SyncError) result = "refused";
      throw error;
    } finally {
      await keepResult(call, result);
    }
  },
};

/** Whether it can be kept decides on nothing: the update itself has its own end. */
async function keepResult(
  { io, globals }: CommandCall,
  result: SeenUpdate["result"],
): Promise<void> {
  const { keepUpdate } = await import("../../depot/trust/seen.ts");
  try {
    keepUpdate(trustFolder(io.env), globals.host, { at: new Date().toISOString(), result });
  } catch (error) {
    if (codeOfSystemError(error) === undefined) throw error;
  }
}

async function update(call: CommandCall): Promise<number> {
  const callOptions = { deadlineMs: call.globals.deadlineMs, signal: call.io.signal };
  const xenBuildId = await withHost(call, (host) => requireBuildId(host, callOptions));
  // The depot is closed before the host is changed: what is needed of it is in memory.
  const { wish, files } = await askDepot(call, xenBuildId, async (asked) => {
    const { readWishedFiles } = await import("../../depot/trust/wish.ts");
    return { wish: asked.wish, files: await readWishedFiles(asked.view, asked.wish) };
  });
  const { observeHost } = await import("../../plan/observe.ts");
  const view = await withHost(call, (host) => observeHost(host, files, callOptions));
  if (!call.options.has("remove-others")) requireNoOthers(view, wish);
  if (call.options.has("dry-run")) {
    const { makePlan } = await import("../../plan/plan.ts");
    const goal = { kind: "apply-exactly", payloads: files } as const;
    const planned = makePlan(view.state, goal, { ...planOptions, files });
    if (planned.kind === "refused") {
      emit(call, "update", { refused: planned.obstacles }, () => renderRefusal(planned.obstacles));
      return ExitCode.refused;
    }
    emit(call, "update", { plan: planned.plan }, () => renderPlan(planned.plan, view.state));
    return ExitCode.success;
  }
  const goal = {
    kind: "wish",
    wish: { kind: "apply-exactly", payloads: files },
    options: planOptions,
  } as const;
  const { host } = call.globals;
  const again = ["xsplice", ...(host === "local" ? [] : ["--host", host]), "update"];
  const request = { goal, files, hypervisor: undefined, fromFolder: [] };
  return takeSync(call, request, again.map(quoteWord).join(" "));
}

const planOptions = {
  freshData: "refuse",
  dangling: "refuse",
  moments: "refuse-avoidable",
} as const;

/** @throws DepotError depot/others */
function requireNoOthers(
  { state, list }: HostView,
  { payloads, former, channel }: DepotWish,
): void {
  const own = new Set([...payloads, ...former].map(({ buildId }) => buildId));
  const others = state.loaded.filter(
    ({ facts }) => facts.buildId === undefined || !own.has(facts.buildId),
  );
  if (others.length === 0) return;
  const stateOf = (name: string): string =>
    list.find((one: ListedPayload) => one.name === name)?.status.kind ?? "loaded";
  throw new DepotError({
    code: "depot/others",
    problem: `Cannot update: ${others.length === 1 ? "a payload is" : "payloads are"} loaded that channel ${channel} has never named`,
    where: others.map(({ name }) => `${name} (${stateOf(name)})`).join("\n"),
    expected: "only payloads of the depot, of now or of earlier",
    remedy: "let them go with --remove-others, or have the depot's vendor add them",
  });
}
