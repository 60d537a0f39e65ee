// Whether a hypervisor that was attacked is alive and well: it answers, its payloads are applied, another
// guest still counts, and its console has no new line that speaks of a fault.

import { setTimeout as sleep } from "node:timers/promises";
import type { Guest } from "../guest/guest.ts";
import { crashBehind } from "../guest/run-guest.ts";
import type { LivepatchHost } from "../host/host.ts";
import type { Lab } from "../lab/lab.ts";
import type { Health } from "./proof.ts";

const COUNTS = 20n;
const COUNT_MAX_MS = 10_000;
const POLL_MS = 50;

const FAULT_WORDS =
  /FATAL|Panic|\bBUG\b|WARN|Assertion|domain_crash|\bfaults?\b|Unhandled|stack overflow|NMI watchdog|corrupt/i;

export interface Watched {
  readonly lab: Lab;
  readonly host: LivepatchHost;
  readonly bystander: Guest;
  /** Names of the payloads that must be applied. */
  readonly payloads: readonly string[];
  /** Length of the console before the attack. */
  readonly consoleStart: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export async function checkHealth(watched: Watched): Promise<Health> {
  try {
    const ill = await findIllness(watched);
    if (ill !== undefined) return { isWell: false, words: ill };
  } catch (error) {
    if ((await crashBehind(watched.lab, error)) === undefined) throw error;
    return { isWell: false, words: "it died a moment later" };
  }
  return { isWell: true, words: "it answers, and another guest goes on counting" };
}

async function findIllness(watched: Watched): Promise<string | undefined> {
  const { lab, host, bystander, payloads, consoleStart, deadlineMs, signal } = watched;
  const first = (await bystander.mailbox())?.count;
  if (first === undefined) return "the other guest is gone";
  const end = performance.now() + COUNT_MAX_MS;
  for (let now = first; now < first + COUNTS; ) {
    if (performance.now() > end) return `the other guest counted only ${now - first} times`;
    await sleep(POLL_MS, undefined, { signal });
    now = (await bystander.mailbox())?.count ?? 0n;
  }
  await host.info({ deadlineMs });
  for (const name of payloads) {
    const status = await host.status(name, { deadlineMs });
    if (status?.kind !== "applied") return `payload "${name}" is ${status?.kind ?? "gone"}`;
  }
  const lines = lab.consoleText().slice(consoleStart).split(/\r?\n/);
  const bad = lines.find((line) => FAULT_WORDS.test(line) && !/livepatch/i.test(line));
  return bad === undefined ? undefined : `its console says: ${bad.trim()}`;
}
