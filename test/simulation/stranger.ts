// Somebody else who works on the host: with Xen's own tool, which writes nothing down, or with single
// commands of xSplice, which take no lock. What would kill the host is left out: nobody's sync can
// help that.

import { HostError } from "../../src/host/errors.ts";
import type { Action } from "../../src/host/host.ts";
import { mayIgnoreDependency } from "../../src/payload/stacking.ts";
import type { MadePayload } from "../plan-payloads.ts";
import { uses } from "../plan-universe.ts";
import { type Dice, Luck } from "./luck.ts";
import type { Machine } from "./machine.ts";
import { journalled, ProcessHost } from "./process-host.ts";

interface Deed {
  readonly action: Action | "upload";
  readonly payload: MadePayload;
  readonly dependencyCheck: "whole-chain" | "hypervisor-only";
}

export async function strangerActs(
  machine: Machine,
  payloads: readonly MadePayload[],
  below: Dice,
): Promise<void> {
  const deeds = 1 + below(3);
  for (let done = 0; done < deeds; done++) {
    const deed = randomDeed(machine, payloads, below);
    if (deed === undefined || !isTaken(machine, payloads, deed)) continue;
    if (below(2) === 0) doByHand(machine, deed, below);
    else await doWithXsplice(machine, deed, below);
  }
}

function randomDeed(
  machine: Machine,
  payloads: readonly MadePayload[],
  below: Dice,
): Deed | undefined {
  const { model } = machine;
  const loaded = payloads.filter(({ name }) => model.payload(name) !== undefined);
  const kind = below(10);
  const dependencyCheck = "whole-chain" as const;
  if (kind < 3) {
    const top = payloads.find(({ name }) => name === model.applied.at(-1));
    return top && { action: "revert", payload: top, dependencyCheck };
  }
  if (kind < 6) {
    const payload = payloads.filter((made) => !loaded.includes(made))[below(payloads.length)];
    return payload && { action: "upload", payload, dependencyCheck };
  }
  const payload = loaded[below(loaded.length || 1)];
  if (payload === undefined) return undefined;
  if (kind < 7) return { action: "unload", payload, dependencyCheck };
  if (kind < 8) return { action: "replace", payload, dependencyCheck };
  const isFree = mayIgnoreDependency(payload.facts) || below(6) === 0;
  return {
    action: "apply",
    payload,
    dependencyCheck: isFree ? "hypervisor-only" : dependencyCheck,
  };
}

/** Whether the hypervisor would do it, and nobody who is loaded needs what is unloaded. */
function isTaken(
  { model }: Machine,
  payloads: readonly MadePayload[],
  { action, payload, dependencyCheck }: Deed,
): boolean {
  const { name, bytes } = payload;
  const trial = model.fork();
  trial.settle();
  if (action === "upload") return trial.upload(name, bytes).kind === "accepted";
  const isUsed = payloads.some((user) => trial.payload(user.name) && uses(user, payload));
  if (action === "unload" && isUsed) return false;
  const answer = trial.act({ action, name, dependencyCheck });
  return answer.kind === "done" || (answer.kind === "accepted" && answer.effect === "done");
}

/** Does not wait for the end of what it has begun. */
function doByHand(machine: Machine, deed: Deed, below: Dice): void {
  const { action, payload, dependencyCheck } = deed;
  const { name, bytes } = payload;
  if (action === "upload") machine.upload(name, bytes, "stranger");
  else {
    const rendezvous = { afterMs: below(2) * below(300), isMissed: false };
    machine.start({ action, name, dependencyCheck, quiesceMs: 30 }, "stranger", rendezvous);
    machine.pass(0);
  }
}

async function doWithXsplice(machine: Machine, deed: Deed, below: Dice): Promise<void> {
  const { action, payload, dependencyCheck } = deed;
  const { host } = journalled(
    new ProcessHost({
      machine,
      by: "stranger",
      luck: Luck.none(below),
      onStranger: async () => {},
      onInterrupt: () => {},
    }),
  );
  const options = { deadlineMs: 60_000, quiesceMs: 30, dependencyCheck };
  try {
    if (action === "upload") await host.upload(payload.name, payload.bytes, options);
    else await host.act(action, payload.name, options);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
}
