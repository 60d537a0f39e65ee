// The lists of packages that apt keeps between updates. apt does not check that they are still what it
// downloaded: a list that a power cut truncated stays until the mirror has a newer one, and packages
// are missing from it. So a digest is stored next to them.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { readKept } from "../files/read-kept.ts";
import { writeWhole } from "../files/write-whole.ts";

const MAX_AGE_MS = 6 * 60 * 60 * 1000;

const stampSchema = v.object({ sources: v.string(), digest: v.string() });

/** "unusable": of another mirror, damaged, or incomplete. */
export type KeptLists = "fresh" | "old" | "unusable";

/** @param folder of one suite @param sources the mirrors for apt, as in a sources.list */
export function stateOfLists(folder: string, sources: string): KeptLists {
  const stamp = readKept(stampOf(folder), stampSchema);
  if (stamp?.sources !== sources || stamp.digest !== digestOf(folder)) return "unusable";
  const since = statSync(stampOf(folder), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - since > MAX_AGE_MS ? "old" : "fresh";
}

/** After a successful update. */
export function stampLists(folder: string, sources: string): void {
  const text = JSON.stringify({ sources, digest: digestOf(folder) });
  writeWhole(stampOf(folder), text, { survives: "death of the process" });
}

/** The next update downloads all of them. */
export function forgetLists(folder: string): void {
  rmSync(stampOf(folder), { force: true });
  rmSync(listsOf(folder), { recursive: true, force: true });
  mkdirSync(join(listsOf(folder), "partial"), { recursive: true });
}

function stampOf(folder: string): string {
  return join(folder, "updated");
}

function listsOf(folder: string): string {
  return join(folder, "lists");
}

/** Of all files outside of apt's own subdirectories, which hold partial downloads for instance. */
function digestOf(folder: string): string {
  const hash = createHash("sha256");
  mkdirSync(listsOf(folder), { recursive: true });
  const entries = readdirSync(listsOf(folder), { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  for (const name of names.sort()) {
    const bytes = readFileSync(join(listsOf(folder), name));
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}
