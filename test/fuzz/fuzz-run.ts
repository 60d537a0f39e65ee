// Runs inputs in threads and watches them: a thread that an input keeps, or that runs out of memory, is
// ended, its input counts as failed, and the next thread goes on behind it.

import { Worker, type WorkerOptions } from "node:worker_threads";
import { fuzzCase } from "./fuzz-case.ts";
import type { FuzzFailure, FuzzMessage, FuzzOrder } from "./fuzz-worker.ts";

export interface FuzzRequest {
  readonly seed: string;
  readonly inputsMax: number;
  /** As Date.now() has it. */
  readonly untilMs: number;
  readonly jobs: number;
  /** What each thread runs; for tests of the watch. */
  readonly worker?: URL;
  readonly hangMs?: number;
  readonly onFailure: (failure: FuzzRunFailure) => void;
  readonly onProgress: (inputs: number) => void;
}

export type FuzzRunFailure = Omit<FuzzFailure, "kind"> & {
  readonly kind: FuzzFailure["kind"] | "hang";
};

export interface FuzzResult {
  readonly inputs: number;
  readonly failures: number;
  /** By `stage outcome`, as `model refused`. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/**
 * How long one input may keep a thread before it is ended: far beyond the second that it may take, for
 * the machine may be busy.
 */
const HANG_MS = 60_000;
const LOOK_EVERY_MS = 200;
const WORKER = new URL("fuzz-worker.js", import.meta.url);
/** Of one thread; everything that it keeps between inputs has a tenth of that. */
const HEAP_MAX_MB = 200;

export async function runFuzz(request: FuzzRequest): Promise<FuzzResult> {
  const totals: Record<string, number> = {};
  let failures = 0;
  const fail = (failure: FuzzRunFailure) => {
    failures++;
    request.onFailure(failure);
  };
  const take = (message: FuzzMessage) => {
    if (message.kind === "failure") return fail(message.failure);
    for (const [key, value] of Object.entries(message.counts)) {
      totals[key] = (totals[key] ?? 0) + value;
    }
    request.onProgress(totals["inputs"] ?? 0);
  };
  const share = Math.ceil(request.inputsMax / request.jobs);
  const shares = Array.from({ length: request.jobs }, (_, index) => ({
    from: index * share,
    to: Math.min((index + 1) * share, request.inputsMax),
  }));
  await Promise.all(shares.map((range) => runShare(range, request, take, fail)));
  const { inputs = 0, ...outcomes } = totals;
  return { inputs, failures, outcomes };
}

async function runShare(
  { from, to }: { readonly from: number; readonly to: number },
  { seed, untilMs, worker = WORKER, hangMs = HANG_MS }: FuzzRequest,
  take: (message: FuzzMessage) => void,
  fail: (failure: FuzzRunFailure) => void,
): Promise<void> {
  for (let next = from; next < to && Date.now() < untilMs; ) {
    const progress = new SharedArrayBuffer(4);
    const order = { seed, from: next, to, untilMs, progress };
    const end = await runThread(new Worker(worker, threadOptions(order)), order, hangMs, take);
    if (end.kind === "done") return;
    const number = new Int32Array(progress)[0] ?? next;
    const { id, bytes } = fuzzCase(`${seed}-${number}`);
    fail({ id, kind: end.kind, stage: undefined, message: end.message, bytes });
    next = number + 1;
  }
}

type ThreadEnd =
  | { readonly kind: "done" }
  | { readonly kind: "hang" | "memory" | "error"; readonly message: string };

function threadOptions(order: FuzzOrder): WorkerOptions {
  return { workerData: order, resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB } };
}

function runThread(
  worker: Worker,
  order: FuzzOrder,
  hangMs: number,
  take: (message: FuzzMessage) => void,
): Promise<ThreadEnd> {
  const place = new Int32Array(order.progress);
  return new Promise((resolve) => {
    let seen = { number: -1, sinceMs: Date.now() };
    const watch = setInterval(() => {
      const number = place[0] ?? 0;
      if (number !== seen.number) seen = { number, sinceMs: Date.now() };
      if (Date.now() - seen.sinceMs > hangMs) {
        end({ kind: "hang", message: `it kept its thread for ${hangMs / 1000} s` });
      }
    }, LOOK_EVERY_MS);
    const end = (how: ThreadEnd) => {
      clearInterval(watch);
      void worker.terminate();
      resolve(how);
    };
    worker.on("message", take);
    worker.on("error", (error: Error & { readonly code?: string }) => {
      const kind = error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "error";
      end({ kind, message: error.stack ?? error.message });
    });
    worker.on("exit", () => end({ kind: "done" }));
  });
}
