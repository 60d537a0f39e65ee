// The thread that tries inputs one after the other. It tells which one it is at in shared memory, since
// it does not come to tell anything when an input keeps it.

import { parentPort, workerData } from "node:worker_threads";
import { type FuzzCase, fuzzCase } from "./fuzz-case.ts";
import { type FuzzStage, tryPayload } from "./fuzz-try.ts";

export interface FuzzOrder {
  readonly seed: string;
  /** Number of the first input, and behind the last. */
  readonly from: number;
  readonly to: number;
  /** As Date.now() has it: begin no other input afterwards. */
  readonly untilMs: number;
  /** One 32-bit number: of the input that is being tried. */
  readonly progress: SharedArrayBuffer;
}

export interface FuzzFailure {
  readonly id: string;
  readonly kind: "error" | "slow" | "memory";
  readonly stage: FuzzStage | undefined;
  /** With the stack of an error. */
  readonly message: string;
  readonly bytes: Uint8Array;
}

export type FuzzMessage =
  | { readonly kind: "failure"; readonly failure: FuzzFailure }
  | { readonly kind: "tried"; readonly counts: FuzzCounts };

/** By `stage outcome`, as `model refused`. */
export type FuzzCounts = Readonly<Record<string, number>>;

/** No input may take longer, in milliseconds of an undisturbed machine. */
const TIME_MAX_MS = 1000;
/** No input may make the process grow by more, in bytes. */
const GROWTH_MAX = 200 * 1024 * 1024;
const COUNTS_EVERY = 1000;

/** Tries one input; `undefined` when all is well. */
export function failureOf(
  given: FuzzCase,
  count: (outcome: string) => void,
): FuzzFailure | undefined {
  const { id, bytes } = given;
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const { outcomes, failure } = tryPayload(given);
  const elapsedMs = performance.now() - start;
  for (const [stage, outcome] of Object.entries(outcomes)) count(`${stage} ${outcome}`);
  if (failure !== undefined) {
    const { stage, error } = failure;
    const message = error instanceof Error ? `${error.stack}` : String(error);
    return { id, kind: "error", stage, message, bytes };
  }
  const growth = process.memoryUsage.rss() - before;
  if (growth > GROWTH_MAX) {
    const message = `the process grew by ${growth} bytes`;
    return { id, kind: "memory", stage: undefined, message, bytes };
  }
  if (elapsedMs < TIME_MAX_MS || isFastAlone(given)) return undefined;
  return { id, kind: "slow", stage: undefined, message: `it took ${elapsedMs} ms`, bytes };
}

/** A busy machine stops everybody at times; what is slow is slow again. */
function isFastAlone(given: FuzzCase): boolean {
  return [1, 2, 3].some(() => {
    const start = performance.now();
    tryPayload(given);
    return performance.now() - start < TIME_MAX_MS;
  });
}

function work({ seed, from, to, untilMs, progress }: FuzzOrder): void {
  const place = new Int32Array(progress);
  let counts: Record<string, number> = {};
  const count = (outcome: string) => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  const report = (message: FuzzMessage) => parentPort?.postMessage(message);
  for (let number = from; number < to && Date.now() < untilMs; number++) {
    Atomics.store(place, 0, number);
    const failure = failureOf(fuzzCase(`${seed}-${number}`), count);
    count("inputs");
    if (failure !== undefined) report({ kind: "failure", failure });
    if (number % COUNTS_EVERY !== COUNTS_EVERY - 1) continue;
    report({ kind: "tried", counts });
    counts = {};
  }
  report({ kind: "tried", counts });
}

// Errors are thrown by the million here, and most of their cost is the stack.
if (parentPort !== null) {
  Error.stackTraceLimit = 6;
  work(workerData as FuzzOrder);
}
