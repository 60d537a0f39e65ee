// The three runs of a proof, and what follows from them. Pure.

import type { Judged } from "./observation.ts";

/** Without the payload, with it, and after it was taken back: in this order, each in a lab of its own. */
export const runKinds = ["unpatched", "patched", "reverted"] as const;
export type RunKind = (typeof runKinds)[number];

/** Whether the hypervisor was alive and well after the attack; `undefined` when it did not live. */
export interface Health {
  readonly isWell: boolean;
  /** What was found, in words; of an ill one, what is wrong. */
  readonly words: string;
}

export interface ProofRun {
  readonly kind: RunKind;
  readonly judged: Judged;
  readonly health: Health | undefined;
  /** A race that did not show its hole this time, and is run again: it says nothing. */
  readonly isMissed?: true;
  /** What the trigger said. */
  readonly output: string;
  /** Xen's console during the attack, its end. */
  readonly console: string;
  readonly seconds: number;
}

export type Verdict =
  /** The hole is there, is gone with the payload, and is back without it. */
  | { readonly kind: "closed" }
  | { readonly kind: "not-closed"; readonly because: string }
  /** Nothing is proved: the hole could not be shown here, or not every run showed what it must. */
  | { readonly kind: "not-shown"; readonly because: string };

/** "closed" needs every run to have shown what it must; whatever is missing makes it another verdict. */
export function verdictOf(runs: readonly ProofRun[]): Verdict {
  for (const { kind, judged, health, isMissed } of runs) {
    if (isMissed) continue;
    const failed = kind === "patched" ? judgePatched(judged, health) : judgeOpen(kind, judged);
    if (failed !== undefined) return failed;
  }
  const told = runs.filter(({ isMissed }) => !isMissed);
  const missing = runKinds.find((kind) => !told.some((run) => run.kind === kind));
  if (missing === undefined) return { kind: "closed" };
  return { kind: "not-shown", because: `there was no run ${runWords[missing]}` };
}

export interface Odds {
  readonly shows: number;
  readonly of: number;
}

/** How many runs a hole with these odds needs, to have shown in one of them with 99 % of certainty. */
export function runsFor(odds: Odds | undefined): number {
  if (odds === undefined || odds.shows >= odds.of) return 1;
  return Math.min(RUNS_MAX, Math.ceil(Math.log(0.01) / Math.log(1 - odds.shows / odds.of)));
}

const RUNS_MAX = 200;

/** The runs in which the hole must show. */
function judgeOpen(kind: "unpatched" | "reverted", judged: Judged): Verdict | undefined {
  switch (judged.kind) {
    case "hole":
      return undefined;
    case "lacking":
      return { kind: "not-shown", because: `what the trigger needs is not there: ${judged.words}` };
    case "no-hole":
      return {
        kind: "not-shown",
        because:
          kind === "unpatched"
            ? `this hypervisor does not have the hole: ${judged.words}`
            : `the hole did not come back when the payload was reverted, so it was not the payload that closed it: ${judged.words}`,
      };
    case "unexpected":
      return {
        kind: "not-shown",
        because: `${runWords[kind]} something else happened: ${judged.words}`,
      };
  }
}

function judgePatched(judged: Judged, health: Health | undefined): Verdict | undefined {
  switch (judged.kind) {
    case "hole":
      return { kind: "not-closed", because: judged.words };
    case "lacking":
    case "unexpected":
      return {
        kind: "not-closed",
        because: `with the payload something else happened: ${judged.words}`,
      };
    case "no-hole":
      if (health?.isWell === true) return undefined;
      return {
        kind: "not-closed",
        because: `the hole is gone, but the hypervisor is not well: ${health?.words ?? "nobody looked"}`,
      };
  }
}

export const runWords: Readonly<Record<RunKind, string>> = {
  unpatched: "without the payload",
  patched: "with the payload",
  reverted: "after the revert",
};
