// Which payloads were made on this machine, byte by byte, from what they say they were made from. It is a note of
// this user, not of the depot: who signs for a channel that asks for it signs what was made here, whatever the
// depot says.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { writeWhole } from "../../files/write-whole.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";

const noteSchema = v.object({
  format: v.literal(1),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  buildId: v.string(),
  at: v.string(),
  /** What it was made from here: names and digests, for people. */
  inputs: v.array(v.object({ input: v.string(), here: v.string() })),
});

export type MadeHere = Omit<Described<typeof noteSchema>, "format">;

export function noteMadeHere(folder: string, note: MadeHere): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const document = { format: 1, ...note };
  writeWhole(placeOf(folder, note.sha256), `${JSON.stringify(document, undefined, 1)}\n`);
}

export function isMadeHere(folder: string, sha256: string): boolean {
  const place = placeOf(folder, sha256);
  if (!existsSync(place)) return false;
  const decoded = decodeJson(readFileSync(place, "utf8"), noteSchema);
  return decoded.kind === "value" && decoded.value.sha256 === sha256;
}

function placeOf(folder: string, sha256: string): string {
  return join(folder, `${sha256}.json`);
}
