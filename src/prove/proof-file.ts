// The evidence of a proof as a document: what was proved of what, on what, and all that was seen.

import { sha256 } from "../bytes/sha256.ts";
import { type ProofRun, runWords, type Verdict } from "./proof.ts";
import type { Proof, ProvenOn } from "./prove.ts";
import type { NamedPayload } from "./run.ts";
import type { Trigger } from "./trigger.ts";

export interface ProofDocument {
  readonly tool: string;
  readonly verdict: Verdict["kind"];
  /** Of every verdict but "closed". */
  readonly because?: string;
  readonly trigger: {
    readonly name: string;
    readonly sha256: string;
    readonly advisory: string;
    readonly cve: string;
    readonly title: string;
  };
  readonly payloads: readonly {
    readonly file: string;
    readonly sha256: string;
    readonly buildId: string | undefined;
  }[];
  readonly hypervisor: ProvenOn;
  readonly runs: readonly {
    readonly run: ProofRun["kind"];
    readonly saw: ProofRun["judged"]["kind"];
    readonly words: string;
    readonly health: ProofRun["health"];
    readonly isMissed?: true;
    readonly output: string;
    readonly console: readonly string[];
    readonly seconds: number;
  }[];
  readonly seconds: number;
}

export function proofDocument(
  { verdict, hypervisor, runs, seconds }: Proof,
  {
    trigger,
    payloads,
    tool,
  }: {
    readonly trigger: Trigger;
    readonly payloads: readonly NamedPayload[];
    readonly tool: string;
  },
): ProofDocument {
  const { advisory, cve, title } = trigger.text;
  return {
    tool,
    verdict: verdict.kind,
    ...(verdict.kind === "closed" ? {} : { because: verdict.because }),
    trigger: { name: trigger.name, sha256: trigger.sha256, advisory, cve, title },
    payloads: payloads.map(({ path, bytes, payload: { buildId } }) => ({
      file: path,
      sha256: sha256(bytes),
      buildId,
    })),
    hypervisor,
    runs: runs.map((run) => ({
      run: run.kind,
      saw: run.judged.kind,
      words: run.judged.words,
      health: run.health,
      ...(run.isMissed && { isMissed: true }),
      output: run.output,
      console: run.console === "" ? [] : run.console.split("\n"),
      seconds: run.seconds,
    })),
    seconds,
  };
}

/** The story that fits a screen. */
export function proofStory(
  { verdict, hypervisor, runs, seconds }: Proof,
  { text }: Trigger,
): string {
  const lines = [
    `${text.advisory} (${text.cve}): ${text.title}`,
    `on Xen ${hypervisor.version}${hypervisor.package === undefined ? "" : ` (${hypervisor.package})`}, build-id ${hypervisor.buildId ?? "none"}`,
    "",
    ...linesOfRuns(runs),
    "",
    `${verdictWords(verdict)} (${seconds.toFixed(1)} s)`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Runs of a kind that saw the same, one after the other, are one line. */
function linesOfRuns(runs: readonly ProofRun[]): readonly string[] {
  const lines: { readonly text: string; times: number; seconds: number }[] = [];
  for (const { kind, judged, health, seconds, isMissed } of runs) {
    const isTold = judged.kind === "no-hole" && health !== undefined && !isMissed;
    const words = isMissed ? `not this time: ${judged.words}` : judged.words;
    const text = `${runWords[kind].padEnd(19)} ${words}${isTold ? `; ${health.words}` : ""}`;
    const last = lines.at(-1);
    if (last?.text === text) {
      last.times += 1;
      last.seconds += seconds;
    } else lines.push({ text, times: 1, seconds });
  }
  return lines.map(
    ({ text, times, seconds }) =>
      `${text} (${times === 1 ? "" : `${times} runs, `}${seconds.toFixed(1)} s)`,
  );
}

function verdictWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case "closed":
      return "closed: the payload closes the hole, and it was the payload that did";
    case "not-closed":
      return `not closed: ${verdict.because}`;
    case "not-shown":
      return `not shown: ${verdict.because}`;
  }
}
