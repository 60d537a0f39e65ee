// Objects of the unpatched source, kept with their base: each is compiled once. A half-written one is
// never read, and two builds that make the same one do no harm. There are hundreds, so none is waited
// for until it is on the disk: its record has its digest, and what a power cut spoils is compiled again.

import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { sha256 } from "../../bytes/sha256.ts";
import { readKept } from "../../files/read-kept.ts";
import { writeWhole } from "../../files/write-whole.ts";
import { type CompileRecord, recordSchema } from "../dependencies.ts";

export interface MadeObject extends CompileRecord {
  readonly bytes: Uint8Array;
}

const keptSchema = v.object({
  ...recordSchema.entries,
  /** Of the object's bytes, in hex. */
  sha256: v.string(),
});

/** `undefined` when it has not been compiled yet. */
export function findObject(baseFolder: string, object: string): MadeObject | undefined {
  const place = join(baseFolder, "objects", object);
  // Written last: with it, the object is whole.
  const kept = readKept(`${place}.json`, keptSchema);
  const bytes = kept && readIfThere(place);
  if (bytes === undefined || sha256(bytes) !== kept?.sha256) return undefined;
  return { command: kept.command, dependencies: kept.dependencies, bytes };
}

/** Of one that has just been compiled. */
export function requireObject(baseFolder: string, object: string): MadeObject {
  const made = findObject(baseFolder, object);
  if (made === undefined) throw new Error(`Bug in xsplice: ${object} was not compiled`);
  return made;
}

export function keepObject(baseFolder: string, object: string, made: MadeObject): void {
  const place = join(baseFolder, "objects", object);
  const { bytes, ...record } = made;
  const digest = sha256(bytes);
  mkdirSync(dirname(place), { recursive: true });
  writeWhole(place, bytes, { survives: "death of the process" });
  writeWhole(`${place}.json`, JSON.stringify({ ...record, sha256: digest }), {
    survives: "death of the process",
  });
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
