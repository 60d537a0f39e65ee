// apply, revert, unload and replace as xen-livepatch does them (ABI §7.2): look at the state first,
// then say what happens, then do it. The waiting, which the stock tool does once for 60 ms, is the
// host's, with a deadline and retries.

import { setTimeout as sleep } from "node:timers/promises";
import type { Action, ActOptions, ActOutcome, LivepatchHost, SettledState } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import type { Payload } from "../payload/payload.ts";
import type { ObservedHost } from "../plan/journalled-host.ts";
import { Errno } from "../xen-abi/errno.ts";
import { emit } from "./emit.ts";
import { ExitCode } from "./exit-code.ts";
import { explainMissingBase } from "./explain-base.ts";
import { readActOptions, readDangling } from "./options/action.ts";
import { checkPayloadName } from "./options/payload-name.ts";
import type { CommandCall } from "./spec.ts";
import { explainUnexpectedCode } from "./text/explain-unexpected-code.ts";
import { stockErrorLine, stockState } from "./text/stock.ts";
import { StockError } from "./text/stock-error.ts";
import { type StockVoice, stockVoice } from "./text/stock-voice.ts";
import { withJournalledHost } from "./with-host.ts";

interface ActionWords {
  readonly doing: string;
  readonly from: SettledState;
  /** `undefined`: gone. */
  readonly to: SettledState | undefined;
}

const words: Readonly<Record<Action, ActionWords>> = {
  apply: { doing: "Applying", from: "checked", to: "applied" },
  revert: { doing: "Reverting", from: "applied", to: "checked" },
  unload: { doing: "Unloading", from: "checked", to: undefined },
  replace: { doing: "Replacing all live patches with", from: "checked", to: "applied" },
};

export interface StockStep {
  readonly action: Action;
  readonly name: string;
  readonly options: ActOptions;
  /** Whether an unload may leave pointers of the hypervisor that lead nowhere, or CPUs in freed code. */
  readonly dangling?: "refuse" | "allow";
  /** When its file was given. */
  readonly payload?: Payload;
  /** By default the host is asked. */
  readonly observe?: ObservedHost["observe"];
}

/** The whole of `xsplice apply NAME` and its like. */
export function runStockAction(call: CommandCall, action: Action): Promise<number> {
  const [name = ""] = call.args;
  checkPayloadName(name);
  return withJournalledHost(call, async (host, options, { observe }) => {
    const dangling = readDangling(call);
    const step = { action, name, options: readActOptions(call, options), dangling, observe };
    const outcome = await stockAction(host, step, stockVoice(call));
    emit(call, "apply", outcome, () => "");
    return ExitCode.success;
  });
}

/** @throws StockError in the words of xen-livepatch, HostError from the host */
export async function stockAction(
  host: LivepatchHost,
  step: StockStep,
  voice: StockVoice,
): Promise<ActOutcome> {
  const { action, name, options, dangling } = step;
  const { doing, from, to } = words[action];
  const status = await host.status(name, options);
  if (status === undefined) throw unknownPayload(host, step);
  const state = settledState(status);
  if (state === to) {
    voice.say("No action needed.\n");
    const result = "unnecessary";
    return { action, name, result, retries: 0, elapsedMs: 0, status, reverted: [] };
  }
  if (state !== from) throw wrongState(step, state, from);
  const { leavingMs, notes } =
    action === "revert" ? { leavingMs: 0, notes: [] } : await requireHarmless(host, step);
  for (const note of notes) voice.note(note);
  return voice.saying(`${doing} ${name}... `, async () => {
    // CPUs may be in its code until then.
    await sleep(leavingMs, undefined, { signal: options.signal });
    try {
      return await host.act(action, name, { ...options, ...(dangling && { dangling }) });
    } catch (error) {
      const told = await explainUnexpectedCode(error, host, options, step.payload);
      throw action === "apply" ? await explainMissingBase(told, host, options, step) : told;
    }
  });
}

/**
 * Xen would carry it out, and the host die then or at the next apply, or a fix be out of force.
 * @throws PlanError plan/in-use, plan/pointer-kept, plan/cpu-stays, plan/unbound, plan/overlap
 */
async function requireHarmless(host: LivepatchHost, step: StockStep): Promise<Harmless> {
  const { action, name, options, dangling } = step;
  const [
    { findBrokenBinding },
    { mayBeSleptIn },
    { leavingMsOf, sleepsOf },
    { observeHost },
    { PlanError },
  ] = await Promise.all([
    import("../plan/bindings.ts"),
    import("../plan/held-words.ts"),
    import("../plan/host-state.ts"),
    import("../plan/observe.ts"),
    import("../plan/obstacle.ts"),
  ]);
  const { state } = await (step.observe?.(options) ?? observeHost(host, [], options));
  const { dependencyCheck } = options;
  const obstacle = findBrokenBinding(
    { action, name, dependencyCheck, ...(dangling && { dangling }) },
    state,
  );
  if (obstacle !== undefined) throw new PlanError(obstacle);
  const payload = state.loaded.find((one) => one.name === name);
  if (action !== "unload" || payload === undefined) return { leavingMs: 0, notes: [] };
  const sleeps = sleepsOf(payload, payload.history);
  return {
    leavingMs: leavingMsOf(payload, payload.history),
    notes: sleeps.length === 0 ? [] : [mayBeSleptIn(name, sleeps)],
  };
}

interface Harmless {
  /** How long to wait first. */
  readonly leavingMs: number;
  readonly notes: readonly string[];
}

function unknownPayload(host: LivepatchHost, { action, name }: StockStep): StockError {
  return new StockError(
    [`Failed to get status of ${name}.`, stockErrorLine(Errno.ENOENT)],
    {
      code: "host/unknown-payload",
      problem: `Cannot ${action} "${name}": no payload of that name is loaded`,
      where: host.label,
      remedy: 'see "xsplice list" for the loaded payloads, "xsplice upload NAME FILE" to load one',
    },
    { errno: Errno.ENOENT },
  );
}

function wrongState(
  { action, name }: StockStep,
  state: SettledState,
  expected: SettledState,
): StockError {
  return new StockError(
    [
      `${name} is in the wrong state.`,
      `Current state: ${stockState(state)}`,
      `Expected state: ${stockState(expected)}`,
    ],
    {
      code: "host/wrong-state",
      problem: `Cannot ${action} "${name}": it is ${state}`,
      expected: `a payload that is ${expected}`,
      remedy:
        expected === "checked"
          ? `"xsplice revert ${name}" takes it out of use first`
          : `"xsplice apply ${name}" puts it into use`,
    },
  );
}
