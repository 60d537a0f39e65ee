// A thread that does what no input may do: keep on, fill the memory, throw. For the test of the watch.

import { parentPort, workerData } from "node:worker_threads";
import type { FuzzOrder } from "./fuzz-worker.ts";

const { from, to, progress } = workerData as FuzzOrder;
const kept: unknown[] = [];
for (let number = from; number < to; number++) {
  Atomics.store(new Int32Array(progress), 0, number);
  if (number === 1) for (;;);
  if (number === 2) for (;;) kept.push(new Array(1_000_000).fill(number));
  if (number === 3) throw new Error("thrown beside everything");
}
parentPort?.postMessage({ kind: "tried", counts: { inputs: to - from } });
