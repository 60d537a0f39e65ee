// What was seen when a trigger ran once, and what a description says of it. Pure.

import type { GuestRun } from "../guest/run-guest.ts";
import type { CrashReport } from "../lab/errors.ts";
import type { Hole } from "./trigger.ts";

/** Everything that an attack left to be seen. */
export interface Seen {
  /** How the trigger's program ended; "died" with the hypervisor. */
  readonly end: "done" | "lacking" | "killed-by-xen" | "failed" | "timeout" | "died";
  readonly output: string;
  readonly crash: CrashReport | undefined;
  /** All that Xen printed since the attack began. */
  readonly console: string;
  /** Where each CPU stood at each look, by name; for a hypervisor that hangs. */
  readonly standing: readonly string[];
  /** Whether the watched memory is as the hole leaves it, and was not before; `undefined` when none is watched. */
  readonly memoryOverwritten: boolean | undefined;
}

export type Judged =
  | { readonly kind: "hole"; readonly words: string }
  | { readonly kind: "no-hole"; readonly words: string }
  /** The hypervisor or the lab lacks what the trigger needs. */
  | { readonly kind: "lacking"; readonly words: string }
  /** Neither what the description calls the hole, nor a quiet end. */
  | { readonly kind: "unexpected"; readonly words: string };

/** The end of a guest as an attack's end: with DONE said, or not at all. */
export function endOfGuest({ outcome, output }: GuestRun): Seen["end"] {
  switch (outcome.kind) {
    case "ended":
      if (outcome.exitCode === EXIT_LACKING) return "lacking";
      return outcome.exitCode === 0 && saidDone(output) ? "done" : "failed";
    case "crashed":
      return "killed-by-xen";
    case "lab-dead":
      return "died";
    case "timeout":
      return "timeout";
    default:
      return "failed";
  }
}

/** `lacking()` of share/guest/guest.h. */
export const EXIT_LACKING = 77;

/** The last word of each trigger that came to its end. */
export function saidDone(output: string): boolean {
  return /(^|\n)done\n$/.test(output);
}

/** Nothing counts as no hole but a trigger that came to its end on a living hypervisor. */
export function judge(seen: Seen, hole: Hole): Judged {
  const { end, output, crash } = seen;
  if (end === "lacking") return { kind: "lacking", words: lastLine(output) };
  if (crash !== undefined) return judgeCrash(seen, crash, hole);
  if (end !== "done") {
    const said = output === "" ? "it said nothing" : `its last words: ${lastLine(output)}`;
    return { kind: "unexpected", words: `${endWords[end]}; ${said}` };
  }
  switch (hole.kind) {
    case "panic":
    case "hang":
      return { kind: "no-hole", words: "the trigger came to its end, and the hypervisor lives" };
    case "says":
      if (matches(output, hole.hole)) return { kind: "hole", words: beforeDone(output) };
      if (matches(output, hole.closed)) return { kind: "no-hole", words: beforeDone(output) };
      return { kind: "unexpected", words: `it said what nobody expected: ${beforeDone(output)}` };
    case "memory":
      if (seen.memoryOverwritten === undefined) {
        return { kind: "unexpected", words: "the hypervisor's memory was not compared" };
      }
      return seen.memoryOverwritten
        ? { kind: "hole", words: `memory behind ${hole.symbol} was overwritten` }
        : { kind: "no-hole", words: `memory behind ${hole.symbol} is not as the hole leaves it` };
  }
}

const endWords: Readonly<Record<Exclude<Seen["end"], "done" | "lacking">, string>> = {
  "killed-by-xen": "Xen ended the trigger's guest",
  failed: "the trigger failed",
  timeout: "the trigger did not end in time",
  died: "the trigger's lab is gone",
};

function judgeCrash(seen: Seen, crash: CrashReport, hole: Hole): Judged {
  const line = reasonOf(seen.console);
  if (hole.kind === "panic" && crash.kind === "hypervisor-panic") {
    const missing = hole.console.filter((text) => !matches(seen.console, text));
    if (missing.length === 0) return { kind: "hole", words: `the hypervisor died: ${line}` };
    return {
      kind: "unexpected",
      words: `the hypervisor died, but otherwise than by this hole: ${line}; its console lacks ${missing.join(", ")}`,
    };
  }
  if (hole.kind === "hang" && crash.kind === "dom0-hung") {
    const elsewhere = seen.standing.filter(
      (name) => !hole.functions.some((text) => matches(name, text)),
    );
    const places = [...new Set(seen.standing)].join(", ");
    if (seen.standing.length > 0 && elsewhere.length === 0) {
      return { kind: "hole", words: `the hypervisor hangs: each look finds its CPU in ${places}` };
    }
    return {
      kind: "unexpected",
      words: `nothing answers, but the CPUs are not where this hole leaves them: ${places || "they could not be seen"}`,
    };
  }
  return { kind: "unexpected", words: `${crash.kind}: ${line}` };
}

/** Of a console, the line that says most. */
function reasonOf(console: string): string {
  const lines = console.split(/\r?\n/).map((line) => line.replace(/^\(XEN\) */, "").trim());
  const wanted = [/^(FATAL|Xen BUG|Assertion|Xen WARN)/, /^Panic on CPU/];
  for (const one of wanted) {
    const found = lines.find((line) => one.test(line));
    if (found !== undefined) return found;
  }
  return lines.filter((line) => line !== "").at(-1) ?? "without a word";
}

function matches(text: string, pattern: string): boolean {
  return new RegExp(pattern, "m").test(text.replaceAll("\r", ""));
}

function beforeDone(output: string): string {
  return lastLine(output.replace(/done\n$/, ""));
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
