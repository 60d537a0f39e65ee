// How long each phase of a build took. Ours is everything but the compiler and make.

export interface Phase {
  readonly name: string;
  readonly ms: number;
  readonly by: "xsplice" | "make";
}

export class Timings {
  readonly phases: Phase[] = [];

  /** Our own work. */
  measure<Result>(name: string, work: () => Result): Result {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.phases.push({ name, ms: performance.now() - start, by: "xsplice" });
    }
  }

  /** Waiting for make or the compiler. */
  async measureAsync<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.phases.push({ name, ms: performance.now() - start, by: "make" });
    }
  }
}
