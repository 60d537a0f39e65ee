// Where a bisection keeps its record between two runs: one file, whole or not there.

import { rm } from "node:fs/promises";
import { BisectError } from "../bisect/errors.ts";
import { type BisectRecord, decodeRecord, encodeRecord } from "../bisect/record.ts";
import { writeFileAtomically } from "../builder/write-file.ts";
import { XspliceError } from "../error.ts";
import { InputFileError, readInputFile } from "./read-input-file.ts";

/** Some hundred bytes for each of its fixes and probes. */
const RECORD_SIZE_MAX = 16 * 1024 * 1024;

/** `undefined` when there is none. @throws BisectError bisect/bad-record; InputFileError */
export async function readRecord(path: string): Promise<BisectRecord | undefined> {
  try {
    const reason = "far more than a record of a bisection has";
    const bytes = await readInputFile(path, { sizeMax: RECORD_SIZE_MAX, reason });
    return decodeRecord(Buffer.from(bytes).toString(), path);
  } catch (error) {
    if (error instanceof InputFileError && error.report.code === "file/missing") return undefined;
    throw error;
  }
}

/** @throws BisectError bisect/cannot-keep */
export async function writeRecord(path: string, record: BisectRecord): Promise<void> {
  try {
    await writeFileAtomically(path, Buffer.from(encodeRecord(record)));
  } catch (cause) {
    if (!(cause instanceof XspliceError)) throw cause;
    throw new BisectError(
      {
        code: "bisect/cannot-keep",
        problem: `Cannot keep the record of the bisection: ${cause.report.problem}`,
        remedy: "name another place, with --state",
      },
      { cause },
    );
  }
}

export async function removeRecord(path: string): Promise<void> {
  await rm(path, { force: true });
}
