// A guest from its start to its end, and what became of the hypervisor meanwhile.

import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "../host/errors.ts";
import { type CrashReport, LabError } from "../lab/errors.ts";
import type { Lab } from "../lab/lab.ts";
import type { Guest, GuestEnd, Remains } from "./guest.ts";
import type { GuestOptions } from "./guest-options.ts";
import { type GuestProgram, startGuest } from "./toolstack-guest.ts";

type GuestOutcome =
  | GuestEnd
  /** It printed the text that was waited for. */
  | { readonly kind: "said" }
  /** It ran on until the time was over. */
  | { readonly kind: "timeout" }
  /** The hypervisor or dom0 did not survive. */
  | { readonly kind: "lab-dead"; readonly crash: CrashReport };

export interface RunGuestOptions extends GuestOptions {
  readonly timeoutMs: number;
  /** Stop waiting when the output contains this. */
  readonly until?: string | undefined;
  readonly onText?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GuestRun {
  readonly outcome: GuestOutcome;
  /** The last OUTPUT_MAX characters of what it printed. */
  readonly output: string;
  readonly lostBytes: number;
  /** What Xen printed meanwhile. */
  readonly console: string;
  readonly elapsedMs: number;
  /** Of the guest, once it was destroyed. */
  readonly remains: Remains;
}

const POLL_MS = 20;
/** Of the text that is kept; a guest may print without end. */
const OUTPUT_MAX = 256 * 1024;

/** Destroys it afterwards, whatever happened. @throws GuestError, HostError when it cannot be started */
export async function runGuest(
  lab: Lab,
  program: GuestProgram,
  options: RunGuestOptions,
): Promise<GuestRun> {
  const startedAt = performance.now();
  const consoleStart = lab.consoleText().length;
  const watch = new Watch(options);
  const finish = (outcome: GuestOutcome, remains: Remains): GuestRun => ({
    outcome,
    remains,
    output: watch.output,
    lostBytes: watch.lostBytes,
    console: lab.consoleText().slice(consoleStart),
    elapsedMs: performance.now() - startedAt,
  });
  try {
    await using guest = await startGuest(lab, program, options);
    const outcome = await watch.untilEnd(guest);
    return finish(outcome, await guest.destroy());
  } catch (error) {
    options.signal?.throwIfAborted();
    const crash = await crashBehind(lab, error);
    if (crash === undefined) throw error;
    return finish({ kind: "lab-dead", crash }, "none");
  }
}

/** A dead hypervisor shows as lost contact; the reason is known a moment later. */
export async function crashBehind(lab: Lab, error: unknown): Promise<CrashReport | undefined> {
  if (error instanceof LabError && error.crash !== undefined) return error.crash;
  const lostContact = error instanceof HostError && error.report.code === "host/unreachable";
  if (!lostContact) return undefined;
  return await Promise.race([lab.crashed, sleep(CRASH_KNOWN_MS, undefined)]);
}

const CRASH_KNOWN_MS = 2_000;

class Watch {
  output = "";
  lostBytes = 0;
  readonly #options: RunGuestOptions;

  constructor(options: RunGuestOptions) {
    this.#options = options;
  }

  async untilEnd(guest: Guest): Promise<GuestOutcome> {
    const { timeoutMs, until, signal } = this.#options;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      const end = await guest.end(); // First, so that the text after it is the whole text.
      await this.#take(guest);
      if (until !== undefined && this.output.includes(until)) return { kind: "said" };
      if (end !== undefined) return end;
      if (performance.now() > deadline) return { kind: "timeout" };
      await sleep(POLL_MS);
    }
  }

  async #take(guest: Guest): Promise<void> {
    const { text, lostBytes } = await guest.newText();
    this.lostBytes += lostBytes;
    if (text === "") return;
    this.output = (this.output + text).slice(-OUTPUT_MAX);
    this.#options.onText?.(text);
  }
}
