// All bases of a matrix, some at the same time: one that fails does not stop the others.

import { XspliceError } from "../../error.ts";
import type { MatrixBase } from "../../matrix/bases-file.ts";
import { MatrixError } from "../../matrix/errors.ts";
import { cacheFolder } from "../../parts/cache-folder.ts";
import type { CommandCall } from "../spec.ts";
import { asSystemError } from "../system-error.ts";
import { type MadeCell, makeCell } from "./make-cell.ts";
import { openMatrixBase } from "./open-base.ts";
import { proveCell } from "./prove-cell.ts";
import type { MatrixWish } from "./wish.ts";

/** What was wrong, in the words of the error. */
interface CellFailure {
  readonly code: string;
  readonly problem: string;
  readonly where?: string | undefined;
  readonly expected?: string | undefined;
  readonly remedy?: string | undefined;
}

export interface MatrixRow {
  readonly base: MatrixBase;
  /** Absent where it failed. */
  readonly made: MadeCell | undefined;
  readonly failure: CellFailure | undefined;
  /** Of the proof alone: the payload is there. */
  readonly proofFailure: CellFailure | undefined;
  /** Of this run. */
  readonly seconds: number;
}

export interface MatrixRun {
  readonly bases: readonly MatrixBase[];
  readonly wish: MatrixWish;
  readonly call: CommandCall;
  readonly onProgress: (base: MatrixBase, text: string) => void;
  readonly onRow: (row: MatrixRow) => void;
}

/** In the order of the bases. @throws the reason of the signal; what is a bug of ours */
export async function runCells(run: MatrixRun): Promise<readonly MatrixRow[]> {
  const { bases, wish, call } = run;
  const rows: MatrixRow[] = [];
  const next = bases.entries();
  const taken = new Map<string, string>();
  // Labs one after the other: each takes memory and a core.
  let lab: Promise<unknown> = Promise.resolve();
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = lab.then(work);
    lab = mine.catch(() => {});
    return mine;
  };
  const worker = async (): Promise<void> => {
    for (const [index, base] of next) {
      call.io.signal.throwIfAborted();
      const row = await runCell(base, run, { taken, alone });
      rows[index] = row;
      run.onRow(row);
    }
  };
  await Promise.all(Array.from({ length: Math.min(wish.atOnce, bases.length) }, worker));
  return rows;
}

interface Shared {
  /** Labels by build-id: two bases of one build would write the same files. */
  readonly taken: Map<string, string>;
  readonly alone: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

async function runCell(
  base: MatrixBase,
  run: MatrixRun,
  { taken, alone }: Shared,
): Promise<MatrixRow> {
  const { wish, call } = run;
  const { trigger } = wish;
  const startedAt = performance.now();
  const row = (made: MadeCell | undefined, failed: Partial<MatrixRow> = {}): MatrixRow => {
    const seconds = (performance.now() - startedAt) / 1000;
    return { base, made, failure: undefined, proofFailure: undefined, seconds, ...failed };
  };
  const onProgress = (text: string): void => run.onProgress(base, text);
  let made: MadeCell | undefined;
  try {
    const opened = await openMatrixBase(base, call.io, onProgress);
    const other = taken.get(opened.buildId);
    if (other !== undefined) throw sameBuild(base, opened.buildId, other);
    taken.set(opened.buildId, base.label);
    made = await makeCell({ base, opened, wish, io: call.io, onProgress });
    if (trigger === undefined || made.cell.payload === undefined) return row(made);
    const cell = made;
    return row(await alone(() => proveCell(cell, opened, trigger, { wish, call })));
  } catch (error) {
    call.io.signal.throwIfAborted();
    const failure = failureOf(error, call);
    return row(made, made === undefined ? { failure } : { proofFailure: failure });
  }
}

/** @throws the error where it is a bug of ours */
function failureOf(thrown: unknown, { io }: CommandCall): CellFailure {
  const error = asSystemError(thrown, cacheFolder(io.env)) ?? thrown;
  if (error instanceof XspliceError) return error.report;
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" || path === undefined) throw thrown;
  return { code: "file/missing", problem: `Cannot read "${path}": there is no such file` };
}

function sameBuild({ label }: MatrixBase, buildId: string, other: string): MatrixError {
  return new MatrixError({
    code: "matrix/bad-bases",
    problem: `Cannot build for "${label}": it is the same build as "${other}"`,
    where: `build-id ${buildId}`,
    remedy: "leave one of them out",
  });
}
