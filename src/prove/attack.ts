// Runs a trigger once in a lab, and looks at what is to be seen.

import { setTimeout as sleep } from "node:timers/promises";
import { AgentError } from "../agent/errors.ts";
import { aborted } from "../agent/handshake.ts";
import { compileDom0Program, compileGuest } from "../guest/compile-guest.ts";
import { GuestError } from "../guest/errors.ts";
import { requireViridianParts } from "../guest/guest-options.ts";
import type { GuestImage } from "../guest/image.ts";
import { crashBehind, runGuest } from "../guest/run-guest.ts";
import type { CrashReport } from "../lab/errors.ts";
import type { Lab } from "../lab/lab.ts";
import { EXIT_LACKING, endOfGuest, type Seen, saidDone } from "./observation.ts";
import type { Hole, Trigger } from "./trigger.ts";
import { readPlace, symbolsOf, watchedPlace } from "./watched-memory.ts";

/** How long a trigger may run when nobody says otherwise. */
const ATTACK_MAX_MS = 60_000;
/** A crash that comes a moment after the trigger's end is its doing all the same. */
const AFTERMATH_MS = 500;
const LOOKS = 5;
const OUTPUT_MAX = 64 * 1024;

export interface Attacker {
  readonly trigger: Trigger;
  run(lab: Lab, victim: number, signal?: AbortSignal): Promise<Seen>;
}

export interface AttackOptions {
  readonly compiler?: string | undefined;
  /** How long the trigger may run. */
  readonly attackMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Compiles it once. @throws GuestError guest/compile-failed */
export async function prepareAttack(
  trigger: Trigger,
  { attackMs = ATTACK_MAX_MS, ...options }: AttackOptions,
): Promise<Attacker> {
  const { program } = trigger.text;
  if (program.kind === "dom0") {
    const bytes = await compileDom0Program(trigger.source, options);
    return {
      trigger,
      run: (lab, victim, signal) =>
        observe(trigger, lab, () => runInDom0(lab, { bytes, victim, attackMs }, signal)),
    };
  }
  const image = await compileGuest(trigger.source, program.bits, options);
  return {
    trigger,
    run: (lab, _victim, signal) =>
      observe(trigger, lab, () => runAsGuest(trigger, lab, { image, attackMs }, signal)),
  };
}

type Ended = Pick<Seen, "end" | "output"> & { readonly crash: CrashReport | undefined };

const quiet = {
  crash: undefined,
  console: "",
  standing: [],
  memoryOverwritten: undefined,
} as const;

async function observe(trigger: Trigger, lab: Lab, run: () => Promise<Ended>): Promise<Seen> {
  const place = watchedPlace(trigger, lab);
  if (place?.kind === "none") return { ...quiet, end: "lacking", output: place.words };
  const before = place && (await readPlace(lab, place));
  const consoleStart = lab.consoleText().length;
  const console = (): string => lab.consoleText().slice(consoleStart);
  const ended = await run();
  const crash = ended.crash ?? (await Promise.race([lab.crashed, sleep(AFTERMATH_MS, undefined)]));
  if (crash !== undefined) {
    const standing = crash.kind === "dom0-hung" ? await lookAtCpus(lab) : [];
    return {
      ...ended,
      end: "died",
      crash,
      console: console(),
      standing,
      memoryOverwritten: undefined,
    };
  }
  const after = place && (await readPlace(lab, place));
  const memoryOverwritten =
    before === undefined || after === undefined
      ? undefined
      : isOverwritten(trigger.text.hole, before, after);
  return { ...ended, crash: undefined, console: console(), standing: [], memoryOverwritten };
}

async function runAsGuest(
  trigger: Trigger,
  lab: Lab,
  { image, attackMs }: { readonly image: GuestImage; readonly attackMs: number },
  signal: AbortSignal | undefined,
): Promise<Ended> {
  const { program } = trigger.text;
  if (program.kind !== "guest") throw new Error("Bug in xsplice: a program for dom0 is no guest");
  try {
    const run = await runGuest(lab, image, {
      timeoutMs: attackMs,
      signal,
      ...(program.viridian && { viridian: requireViridianParts(program.viridian) }),
      paging: program.paging,
      promisedPages: program.promisedPages,
    });
    const { outcome, output } = run;
    const crash = outcome.kind === "lab-dead" ? outcome.crash : undefined;
    return { end: endOfGuest(run), output, crash };
  } catch (error) {
    if (!(error instanceof GuestError) || error.report.code !== "guest/unsupported") throw error;
    return { end: "lacking", output: error.report.problem, crash: undefined };
  }
}

/** The program's place in dom0. */
const TRIGGER = "/tmp/trigger";

interface Dom0Attack {
  readonly bytes: Uint8Array;
  readonly victim: number;
  readonly attackMs: number;
}

async function runInDom0(
  lab: Lab,
  { bytes, victim, attackMs }: Dom0Attack,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  // What it takes to bring the program there is no time of the trigger's.
  const bring = `cat >${TRIGGER} && chmod 755 ${TRIGGER}`;
  await lab.exec(["sh", "-c", bring], { stdin: bytes, ...(signal && { signal }) });
  const limit = AbortSignal.timeout(attackMs);
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  let output = "";
  try {
    either.throwIfAborted();
    const child = lab.agent.spawn([TRIGGER, String(victim)]);
    const onAbort = (): void => child.abandon(aborted(lab.label, either.reason));
    either.addEventListener("abort", onAbort, { once: true });
    // Of one that does not end, or takes everything with it, its last words count as well.
    const hear = async (stream: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of stream) output = `${output}${chunk}`.slice(-OUTPUT_MAX);
    };
    child.stdin.end();
    const [exitCode] = await lab.guard(
      Promise.all([child.exit, hear(child.stdout), hear(child.stderr)]),
    );
    either.removeEventListener("abort", onAbort);
    if (exitCode === EXIT_LACKING) return { end: "lacking", output, crash: undefined };
    const end = exitCode === 0 && saidDone(output) ? "done" : "failed";
    return { end, output, crash: undefined };
  } catch (error) {
    signal?.throwIfAborted();
    const crash = await crashBehind(lab, error);
    if (crash !== undefined) return { end: "died", output, crash };
    if (!(error instanceof AgentError)) throw error;
    if (limit.aborted) return { end: "timeout", output, crash: undefined };
    throw error;
  }
}

function isOverwritten(hole: Hole, before: string, after: string): boolean {
  return hole.kind === "memory" && before !== hole.becomes && after === hole.becomes;
}

/** The function in which each CPU stands, at several looks. */
async function lookAtCpus(lab: Lab): Promise<readonly string[]> {
  const { functions } = symbolsOf(lab);
  const names: string[] = [];
  for (const address of await lab.lookAtCpus(LOOKS)) {
    const found = functions.find(
      (one) => one.address <= address && address < one.address + BigInt(one.sizeBytes),
    );
    names.push(found?.name ?? `0x${address.toString(16)}`);
  }
  return names;
}
