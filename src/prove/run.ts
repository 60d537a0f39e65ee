// One of the three runs of a proof: a fresh lab, a guest that counts, the payload or not, the attack, a
// look at what is left. The lab ends with it.

import { Guest } from "../guest/guest.ts";
import type { GuestImage } from "../guest/image.ts";
import { HostError } from "../host/errors.ts";
import type { LivepatchHost } from "../host/host.ts";
import { labHost } from "../hosts/lab.ts";
import type { Lab } from "../lab/lab.ts";
import { type OpenLabOptions, openLab } from "../lab/open-lab.ts";
import { checkPayloadForHost } from "../payload/check-for-host.ts";
import type { Payload } from "../payload/payload.ts";
import type { Attacker } from "./attack.ts";
import { ProveError } from "./errors.ts";
import { checkHealth } from "./health.ts";
import { judge } from "./observation.ts";
import type { ProofRun, RunKind } from "./proof.ts";

/** Emulated CPUs take their time to meet. */
const QUIESCE_MS = 1000;
/** A hypervisor that waits for a lock for ever is silent; a busy machine is for a moment. */
const HANG_AFTER_MS = 10_000;
/** Of the console that is kept as evidence. */
const CONSOLE_LINES_MAX = 60;

export interface NamedPayload {
  readonly name: string;
  /** The file. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly payload: Payload;
}

/** What is about to be done in a run, in words that follow those of its kind. */
export type OnStep = (kind: RunKind, step: string) => void;

export interface RunParts {
  readonly lab: OpenLabOptions;
  readonly attacker: Attacker;
  /** In the order in which they are applied. */
  readonly payloads: readonly NamedPayload[];
  /** The guest that counts. */
  readonly bystander: GuestImage;
  readonly deadlineMs: number;
  readonly onStep?: OnStep | undefined;
  readonly signal: AbortSignal;
}

/** @throws LabError, HostError, PayloadError, ProveError; and what `onLab` throws */
export async function runOnce(
  kind: RunKind,
  parts: RunParts,
  onLab: (lab: Lab, host: LivepatchHost) => Promise<void> = async () => undefined,
): Promise<ProofRun> {
  const startedAt = performance.now();
  const { attacker, signal, deadlineMs } = parts;
  const tell = (step: string): void => parts.onStep?.(kind, step);
  tell("starting a lab");
  await using lab = await openLab({ ...parts.lab, signal, hangAfterMs: HANG_AFTER_MS });
  await using host = await labHost(lab, signal);
  await onLab(lab, host);
  tell("starting another guest");
  const bystander = await Guest.start(lab, parts.bystander); // It ends with the lab.
  const payloads = kind === "unpatched" ? [] : parts.payloads;
  await apply(host, payloads, { deadlineMs, signal, tell });
  if (kind === "reverted") await revert(host, payloads, { deadlineMs, signal, tell });
  tell("attacking");
  const consoleStart = lab.consoleText().length;
  const seen = await attacker.run(lab, bystander.domain, signal);
  const judged = judge(seen, attacker.trigger.text.hole);
  const names = kind === "patched" ? payloads.map(({ name }) => name) : [];
  if (seen.crash === undefined) tell("looking at what is left");
  const watched = { lab, host, bystander, payloads: names, consoleStart, deadlineMs, signal };
  const health = seen.crash === undefined ? await checkHealth(watched) : undefined;
  const text = seen.crash === undefined ? lab.consoleText().slice(consoleStart) : seen.console;
  return {
    kind,
    judged,
    health,
    output: seen.output,
    console: lastLines(text),
    seconds: (performance.now() - startedAt) / 1000,
  };
}

interface Acting extends Pick<RunParts, "deadlineMs" | "signal"> {
  readonly tell: (step: string) => void;
}

async function apply(
  host: LivepatchHost,
  payloads: readonly NamedPayload[],
  { deadlineMs, signal, tell }: Acting,
): Promise<void> {
  for (const { name, payload, bytes } of payloads) {
    tell(`applying ${name}`);
    const [info, loaded] = [await host.info({ deadlineMs }), await host.list({ deadlineMs })];
    checkPayloadForHost(payload, { name, info, loaded });
    await taken("apply", name, async () => {
      await host.upload(name, bytes, { deadlineMs, signal });
      await host.act("apply", name, actOptions(deadlineMs, signal));
    });
  }
}

async function revert(
  host: LivepatchHost,
  payloads: readonly NamedPayload[],
  { deadlineMs, signal, tell }: Acting,
): Promise<void> {
  for (const { name } of [...payloads].reverse()) {
    tell(`reverting ${name}`);
    await taken("revert", name, () => host.act("revert", name, actOptions(deadlineMs, signal)));
  }
}

function actOptions(deadlineMs: number, signal: AbortSignal) {
  const dependencyCheck = "whole-chain" as const;
  return { deadlineMs, signal, dependencyCheck, quiesceMs: QUIESCE_MS };
}

async function taken(what: string, name: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new ProveError(
      {
        code: "prove/payload-refused",
        problem: `Cannot prove anything of payload "${name}": the hypervisor does not ${what} it`,
        where: error.message,
      },
      { cause: error },
    );
  }
}

function lastLines(text: string): string {
  return text.replaceAll("\r", "").trimEnd().split("\n").slice(-CONSOLE_LINES_MAX).join("\n");
}
