// Apply, revert, replace and unload, written once for every kind of host. Xen takes an action
// (or refuses it), does it later, and tells the result to whoever asks (ABI §4). What makes this
// more than one call and a loop:
//
//  - an action in the wrong state is "accepted" and nothing happens, so the state is read first
//    and read back at the end;
//  - all CPUs have to meet within a time limit; a missed meeting (-EBUSY) is tried again with more
//    time, other things that Xen calls -EBUSY are not (verdict.ts);
//  - a refusal can leave the payload "in progress" for ever. Taking the same action again is
//    harmless: Xen refuses while something is really under way, and goes ahead otherwise;
//  - replace can fail after it took the old payloads away, which the caller must learn.

import type { Action, ActOptions, ActOutcome, PayloadStatus } from "../../host/host.ts";
import { settledState } from "../../host/settled-state.ts";
import type { Clock } from "../clock.ts";
import { type Deadline, startDeadline } from "../deadline.ts";
import {
  attemptFailed,
  gone,
  neverMet,
  notOnTop,
  replaceBesideOthers,
  stillUnderWay,
  unknownPayload,
  wrongState,
} from "./errors.ts";
import type { ActRequest, ActTarget, ReadConsole } from "./target.ts";
import { judgeAttempt, judgeStart, type MissEvidence } from "./verdict.ts";

/** How long to wait for a payload that is already in progress before the action is sent anyway. */
const FOREIGN_WORK_GRACE_MS = 200;
/** Xen takes the time limit as u32 nanoseconds (ABI §4.2). */
const QUIESCE_MAX_MS = 4294;
/** Between two attempts; also the longest pause between two polls of a pending action. */
const PAUSE_MS = 25;
/** If Xen does not say that a rendezvous failed: a hook may have refused each time. */
const GUESSED_MISSES_MAX = 3;

/** @throws HostError with the reason, as far as Xen's answers and its console show it */
export async function act(
  target: ActTarget,
  request: ActRequest,
  options: ActOptions,
  clock: Clock,
): Promise<ActOutcome> {
  return new ActRun(target, request, options, startDeadline(target.label, options, clock)).run();
}

class ActRun {
  readonly #target: ActTarget;
  readonly #action: Action;
  readonly #name: string;
  readonly #options: ActOptions;
  readonly #deadline: Deadline;
  #retries = 0;
  #accepted = false;
  #appliedBefore: readonly string[] = [];
  #readConsole: ReadConsole = async () => "";
  #consoleBefore = "";

  constructor(target: ActTarget, request: ActRequest, options: ActOptions, deadline: Deadline) {
    this.#target = target;
    this.#action = request.action;
    this.#name = request.name;
    this.#options = options;
    this.#deadline = deadline;
  }

  async run(): Promise<ActOutcome> {
    this.#readConsole = await this.#target.watchConsole();
    if (this.#action === "replace") this.#appliedBefore = await this.#target.appliedNames();
    for (;;) {
      const outcome = await this.#round();
      if (outcome !== undefined) return outcome;
      if (!this.#worthAnotherRound()) throw await this.#gaveUp();
      await this.#deadline.sleep(PAUSE_MS);
    }
  }

  /** One attempt; `undefined` when another one is worthwhile. */
  async #round(): Promise<ActOutcome | undefined> {
    const before = await this.#lookAround();
    if (before === undefined) {
      if (this.#action === "unload" && this.#accepted) return this.#outcome("done", undefined);
      throw unknownPayload(this.#subject());
    }
    switch (judgeStart(this.#action, before)) {
      case "reached":
        return this.#alreadyThere(before);
      case "wrong-state":
        throw wrongState(this.#subject(), before);
      case "go":
        return this.#attempt(before);
    }
  }

  async #attempt(before: PayloadStatus): Promise<ActOutcome | undefined> {
    const quiesceMs = this.#timeLimit();
    const answer = await this.#start(quiesceMs);
    this.#accepted ||= answer === 0;
    const after = answer === 0 ? await this.#settled() : await this.#target.status(this.#name);
    const printed = await this.#readConsole();
    const console = printed ?? "";
    const verdict = judgeAttempt({
      action: this.#action,
      name: this.#name,
      answer,
      before,
      after,
      console: printed,
      news: this.#newsOf(printed),
    });
    switch (verdict.kind) {
      case "done":
        return this.#outcome("done", after);
      case "missed":
        this.#retries++;
        if (verdict.evidence === "guessed" && this.#retries >= GUESSED_MISSES_MAX) {
          throw await this.#gaveUp("guessed");
        }
        return undefined;
      case "occupied":
        return undefined;
      case "not-on-top":
        throw notOnTop(this.#subject(), console);
      case "gone":
        throw gone(this.#subject());
      case "refused":
      case "failed": {
        const reverted = await this.#revertedSinceStart();
        throw attemptFailed(this.#subject(), { ...verdict, console, reverted });
      }
    }
  }

  /** The console is read from the start of the action; each attempt is judged by its own lines. */
  #newsOf(printed: string | undefined): string | undefined {
    if (printed === undefined) return undefined;
    const before = this.#consoleBefore;
    this.#consoleBefore = printed;
    return printed.startsWith(before) ? printed.slice(before.length) : printed;
  }

  /** The payload is in the goal state; but an action under way may be about to change it. */
  async #alreadyThere(status: PayloadStatus): Promise<ActOutcome | undefined> {
    const others = this.#appliedBefore.filter((name) => name !== this.#name);
    if (this.#action === "replace" && !this.#accepted && others.length > 0) {
      throw replaceBesideOthers(this.#subject(), others);
    }
    if (status.kind !== "busy") {
      return this.#outcome(this.#accepted ? "done" : "unnecessary", status);
    }
    // Xen accepts an action in a wrong state only if the payload has no pending work.
    if ((await this.#start(this.#timeLimit())) !== 0) return undefined;
    // The action may have become valid: work under way may have undone the goal just before.
    const after = await this.#lookAround();
    if (after?.kind === "busy" && settledState(after) === settledState(status)) {
      return this.#outcome(this.#accepted ? "done" : "unnecessary", after);
    }
    this.#accepted = true;
    return undefined;
  }

  #start(quiesceMs: number): Promise<number> {
    return this.#target.start({
      action: this.#action,
      name: this.#name,
      dependencyCheck: this.#options.dependencyCheck,
      quiesceMs,
    });
  }

  /** The status, after work under way had time to end. */
  async #lookAround(): Promise<PayloadStatus | undefined> {
    const patience = this.#deadline.elapsed() + FOREIGN_WORK_GRACE_MS;
    return this.#poll(() => this.#deadline.elapsed() >= patience);
  }

  /** @throws HostError host/timeout when the action is still under way at the deadline */
  async #settled(): Promise<PayloadStatus | undefined> {
    const status = await this.#poll(() => this.#deadline.remaining() === 0);
    if (status?.kind === "busy") throw stillUnderWay(this.#subject(), this.#options.deadlineMs);
    return status;
  }

  /** Polls until nothing is under way or `enough()`; the first polls follow each other quickly. */
  async #poll(enough: () => boolean): Promise<PayloadStatus | undefined> {
    for (let pause = 1; ; pause = Math.min(pause * 2, PAUSE_MS)) {
      const status = await this.#target.status(this.#name);
      if (status?.kind !== "busy" || enough()) return status;
      await this.#deadline.sleep(pause);
    }
  }

  /** A rendezvous without enough time before the deadline would end as a timeout, not as an answer. */
  #worthAnotherRound(): boolean {
    const needed = this.#retries > 0 ? this.#options.quiesceMs : 0;
    return this.#deadline.remaining() > needed;
  }

  /** Doubles with each missed rendezvous, within the limits of Xen and the deadline. */
  #timeLimit(): number {
    const { quiesceMs } = this.#options;
    const grown = quiesceMs * 2 ** Math.min(this.#retries, 16);
    const half = this.#deadline.remaining() / 2;
    return Math.min(grown, QUIESCE_MAX_MS, Math.max(half, quiesceMs));
  }

  async #gaveUp(evidence: MissEvidence = "said"): Promise<Error> {
    const reverted = await this.#revertedSinceStart();
    const console = (await this.#readConsole()) ?? "";
    return this.#retries > 0
      ? neverMet(this.#subject(), { retries: this.#retries, evidence, console, reverted })
      : stillUnderWay(this.#subject(), this.#options.deadlineMs);
  }

  async #outcome(
    result: ActOutcome["result"],
    status: PayloadStatus | undefined,
  ): Promise<ActOutcome> {
    const reverted = result === "done" ? await this.#revertedSinceStart() : [];
    return {
      action: this.#action,
      name: this.#name,
      result,
      retries: this.#retries,
      elapsedMs: this.#deadline.elapsed(),
      status,
      reverted,
    };
  }

  async #revertedSinceStart(): Promise<readonly string[]> {
    if (this.#action !== "replace") return [];
    const now = await this.#target.appliedNames();
    return this.#appliedBefore.filter((name) => !now.includes(name));
  }

  #subject(): { readonly action: Action; readonly name: string; readonly label: string } {
    return { action: this.#action, name: this.#name, label: this.#target.label };
  }
}
