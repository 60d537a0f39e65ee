// Watches the console of a machine that boots: says how far it is while it takes long, and ends the wait
// when the hypervisor has crashed, or has printed nothing for so long that it hangs.

import { readFileSync } from "node:fs";
import type { OnProgress } from "../../parts/progress.ts";
import { findCrash } from "../crash-watch.ts";
import { crashError, LabError } from "../errors.ts";

/** A busy machine may need several times the usual 8 s for all of a boot. */
const SILENCE_MAX_MS = 90_000;
const LOOK_MS = 500;
const TELL_EVERY_MS = 15_000;
const LAST_LINES = 30;

export interface BootWatchOptions {
  readonly consolePath: string;
  readonly label: string;
  readonly onProgress: OnProgress;
  readonly silenceMaxMs?: number;
}

export interface BootWatch extends Disposable {
  /** Aborted with a LabError, when there is no use in waiting. */
  readonly trouble: AbortSignal;
}

export function watchBoot({
  consolePath,
  label,
  onProgress,
  silenceMaxMs = SILENCE_MAX_MS,
}: BootWatchOptions): BootWatch {
  const controller = new AbortController();
  const startedAt = performance.now();
  let [size, changedAt, toldAt] = [0, startedAt, startedAt];
  const look = (): void => {
    const now = performance.now();
    const text = consoleAt(consolePath);
    if (text.length !== size) {
      [size, changedAt] = [text.length, now];
      const crash = findCrash(consolePath);
      if (crash !== undefined) controller.abort(crashError(label, crash));
    }
    if (now - changedAt > silenceMaxMs) {
      const seconds = Math.round((now - changedAt) / 1000);
      controller.abort(notUp(`it printed nothing for ${seconds} s`, label, text));
    }
    if (now - toldAt > TELL_EVERY_MS) {
      toldAt = now;
      const last = text.trimEnd().split(/\r?\n/).at(-1) ?? "";
      const seconds = Math.round((now - startedAt) / 1000);
      onProgress({ kind: "note", text: `still booting after ${seconds} s: ${last}` });
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return { trouble: controller.signal, [Symbol.dispose]: () => clearInterval(timer) };
}

/** The lab's time is up. */
export function tooSlow(label: string, consolePath: string, limitMs: number): LabError {
  return notUp(`its dom0 did not answer within ${limitMs / 1000} s`, label, consoleAt(consolePath));
}

function notUp(state: string, label: string, console: string): LabError {
  const end = console.trimEnd().split(/\r?\n/).slice(-LAST_LINES).join("\n");
  return new LabError({
    code: "lab/boot-failed",
    problem: `Cannot bring up ${label}: ${state}`,
    where: end === "" ? "its console is empty" : `the end of its console:\n${end}`,
    expected:
      "a hypervisor that boots in QEMU on a plain processor (AMD64, or Cortex-A57), and a dom0",
    remedy: "see the console for what it waits for; on a busy machine, try again",
  });
}

function consoleAt(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // QEMU has not made it yet.
  }
}
