// A proof: the hole before, the hole closed, the hole again, each on the real hypervisor in a lab of its
// own. Ends at the first run that shows something else than it must: no later one could mend that.

import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../bytes/sha256.ts";
import { compileGuest } from "../guest/compile-guest.ts";
import type { LivepatchHost } from "../host/host.ts";
import type { Lab } from "../lab/lab.ts";
import { RunFile } from "../lab/machine.ts";
import type { OpenLabOptions } from "../lab/open-lab.ts";
import { shareFile } from "../lab/share-file.ts";
import { checkPayloadForHost } from "../payload/check-for-host.ts";
import { prepareAttack } from "./attack.ts";
import {
  type ProofRun,
  type RunKind,
  runKinds,
  runsFor,
  type Verdict,
  verdictOf,
} from "./proof.ts";
import { type NamedPayload, type OnStep, type RunParts, runOnce } from "./run.ts";
import type { Trigger } from "./trigger.ts";

export interface ProveOptions {
  readonly trigger: Trigger;
  /** None: only whether the hypervisor has the hole. */
  readonly payloads: readonly NamedPayload[];
  readonly lab: OpenLabOptions;
  /** How often each run is made; all have to show the same. */
  readonly repeat: number;
  readonly compiler?: string | undefined;
  /** How long the trigger may run in each; ATTACK_MAX_MS by default. */
  readonly attackMs?: number | undefined;
  readonly deadlineMs: number;
  readonly onRun?: (kind: RunKind, run: ProofRun | undefined) => void;
  /** More than onRun tells. */
  readonly onStep?: OnStep | undefined;
  readonly signal: AbortSignal;
}

export interface ProvenOn {
  /** Xen's own words, such as 4.17.5. */
  readonly version: string;
  readonly package: string | undefined;
  readonly buildId: string | undefined;
  /** Of the image that was booted, uncompressed. */
  readonly sha256: string;
  readonly processor: string;
  readonly cpus: number;
}

export interface Proof {
  readonly verdict: Verdict;
  readonly hypervisor: ProvenOn;
  readonly runs: readonly ProofRun[];
  readonly seconds: number;
}

/** @throws ProveError, GuestError, LabError, HostError, PayloadError */
export async function prove(options: ProveOptions): Promise<Proof> {
  const startedAt = performance.now();
  const { trigger, payloads, signal, compiler, repeat, onRun } = options;
  const attacker = await prepareAttack(trigger, { compiler, attackMs: options.attackMs, signal });
  const bystander = await compileGuest(shareFile("guest/counter.c"), 32, { compiler, signal });
  const parts: RunParts = { ...options, attacker, bystander };
  let hypervisor: ProvenOn | undefined;
  const lookAround = async (lab: Lab, host: LivepatchHost): Promise<void> => {
    hypervisor ??= await describe(lab, host, options);
    await checkFirstPayload(host, payloads, options);
  };
  const runs: ProofRun[] = [];
  const kinds = payloads.length === 0 ? (["unpatched"] as const) : runKinds;
  for (const kind of kinds) {
    for (let round = 0; round < repeat && !hasFailed(runs); round++) {
      for (let left = runsFor(trigger.text.odds); left > 0; left--) {
        onRun?.(kind, undefined);
        const run = await runOnce(kind, parts, lookAround);
        const isClean = run.judged.kind === "no-hole";
        const goesOn = left > 1 && isClean && !(kind === "patched" && hasFailed([run]));
        runs.push(goesOn && kind !== "patched" ? { ...run, isMissed: true } : run);
        onRun?.(kind, run);
        if (!goesOn) break;
      }
    }
    if (hasFailed(runs)) break;
  }
  if (hypervisor === undefined) throw new Error("Bug in xsplice: a proof without a run");
  const seconds = (performance.now() - startedAt) / 1000;
  return { verdict: verdictOf(runs), hypervisor, runs, seconds };
}

/** Whether the runs so far rule "closed" out. */
function hasFailed(runs: readonly ProofRun[]): boolean {
  const told = runs.filter(({ isMissed }) => !isMissed);
  return told.some(({ kind, judged, health }) =>
    kind === "patched"
      ? judged.kind !== "no-hole" || health?.isWell !== true
      : judged.kind !== "hole",
  );
}

/** A payload for another hypervisor is told before anything is attacked. */
async function checkFirstPayload(
  host: LivepatchHost,
  [first]: readonly NamedPayload[],
  { deadlineMs }: ProveOptions,
): Promise<void> {
  if (first === undefined) return;
  const info = await host.info({ deadlineMs });
  checkPayloadForHost(first.payload, { name: first.name, info, loaded: [] });
}

async function describe(
  lab: Lab,
  host: LivepatchHost,
  { deadlineMs, lab: options }: ProveOptions,
): Promise<ProvenOn> {
  const { version, buildId } = await host.info({ deadlineMs });
  const image = realpathSync(join(lab.info.folder, RunFile.hypervisor));
  return {
    version: `${version.major}.${version.minor}${version.extra}`,
    package: lab.info.packageVersion,
    buildId,
    sha256: sha256(readFileSync(image)),
    processor: options.processor ?? "amd",
    cpus: lab.info.cpus,
  };
}
