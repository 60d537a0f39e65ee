// How long each phase of a build took, and how much of it was spent waiting for make and the compiler.

export interface Phase {
  readonly name: string;
  /** From the start of the build. */
  readonly startMs: number;
  readonly ms: number;
  readonly by: "xsplice" | "make";
}

export class Timings {
  readonly phases: Phase[] = [];
  readonly #start = performance.now();

  /** Our own work. */
  measure<Result>(name: string, work: () => Result): Result {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.#add(name, start, "xsplice");
    }
  }

  /** Waiting for make or the compiler. */
  async measureAsync<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#add(name, start, "make");
    }
  }

  #add(name: string, start: number, by: Phase["by"]): void {
    this.phases.push({ name, startMs: start - this.#start, ms: performance.now() - start, by });
  }
}

/**
 * From the start to the end of the last phase, and of this all but waiting for make and the compiler:
 * what was done meanwhile made nobody wait.
 */
export function timeSpent(phases: readonly Phase[]): {
  readonly totalMs: number;
  readonly ownMs: number;
} {
  const ends = phases.map(({ startMs, ms }) => startMs + ms);
  const totalMs = Math.max(0, ...ends);
  let [madeMs, passed] = [0, 0];
  const made = phases.filter(({ by }) => by === "make");
  for (const { startMs, ms } of made.toSorted((one, other) => one.startMs - other.startMs)) {
    const end = startMs + ms;
    madeMs += Math.max(0, end - Math.max(startMs, passed));
    passed = Math.max(passed, end);
  }
  return { totalMs, ownMs: totalMs - madeMs };
}
