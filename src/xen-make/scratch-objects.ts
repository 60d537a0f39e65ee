// Objects of the unpatched source, kept with their base: each is compiled once. An object and what
// is known of it are written beside their place and renamed, so that a half-written one is never
// read, and two builds that make the same one do no harm.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CompileRecord } from "./dependencies.ts";

export interface MadeObject extends CompileRecord {
  readonly bytes: Uint8Array;
}

/** `undefined` when it has not been compiled yet. */
export function findObject(baseFolder: string, object: string): MadeObject | undefined {
  const place = join(baseFolder, "objects", object);
  try {
    // Written last: with it, the object is whole.
    const record: CompileRecord = JSON.parse(readFileSync(`${place}.json`, "utf8"));
    return { ...record, bytes: readFileSync(place) };
  } catch {
    return undefined;
  }
}

export function keepObject(baseFolder: string, object: string, made: MadeObject): void {
  const place = join(baseFolder, "objects", object);
  const { bytes, ...record } = made;
  mkdirSync(dirname(place), { recursive: true });
  writeWhole(place, bytes);
  writeWhole(`${place}.json`, JSON.stringify(record));
}

function writeWhole(place: string, content: Uint8Array | string): void {
  const unfinished = `${place}.${process.pid}`;
  try {
    writeFileSync(unfinished, content);
    renameSync(unfinished, place);
  } finally {
    rmSync(unfinished, { force: true });
  }
}
