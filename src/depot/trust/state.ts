// What a machine remembers of the depot that it trusts: where it is, and the newest metadata that was
// believed. That memory is what keeps old answers from being believed again, so it is only ever replaced
// by newer one, file by file, each as a whole.

import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { type FileLock, tryLock } from "../../files/lock.ts";
import { writeWhole } from "../../files/write-whole.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";
import { maybe } from "../../json/fields.ts";
import { codeOfSystemError } from "../../system-state.ts";
import { DepotError } from "../errors.ts";
import { fingerprintOf } from "./fingerprint.ts";

const trustSchema = v.object({
  format: v.literal(1),
  place: v.string(),
  channel: v.string(),
  /** Fingerprint of the root that a person vouched for; earlier releases have not written it down. */
  root: maybe(v.string()),
});

export type Trust = Described<typeof trustSchema>;

/** The folder of one trusted depot. */
export function trustFolders(folder: string) {
  return {
    trust: join(folder, "trust.json"),
    metadata: join(folder, "metadata"),
    root: join(folder, "metadata", "root.json"),
    lock: join(folder, "lock"),
    seen: join(folder, "seen"),
  };
}

/** @throws DepotError depot/no-trust */
export function readTrust(folder: string): Trust {
  const { trust } = trustFolders(folder);
  let text: string;
  try {
    text = readFileSync(trust, "utf8");
  } catch (cause) {
    if (codeOfSystemError(cause) !== "ENOENT") throw cause;
    throw new DepotError({
      code: "depot/no-trust",
      problem: "Cannot read a depot: none is trusted here yet",
      where: folder,
      remedy: 'say which with "xsplice depot trust PLACE --root FILE"',
    });
  }
  const decoded = decodeJson(text, trustSchema);
  if (decoded.kind === "value") return decoded.value;
  throw new DepotError({
    code: "depot/damaged",
    problem: `Cannot read which depot is trusted: ${decoded.problem}`,
    where: trust,
    remedy: 'say it again with "xsplice depot trust PLACE --root FILE --replace"',
  });
}

/** Begins anew: nothing of an earlier trust is kept. */
export function writeTrust(folder: string, trust: Omit<Trust, "root">, root: Uint8Array): void {
  const places = trustFolders(folder);
  rmSync(places.trust, { force: true });
  for (const old of [places.metadata, places.seen]) rmSync(old, { recursive: true, force: true });
  for (const made of [places.metadata, places.seen])
    mkdirSync(made, { recursive: true, mode: 0o755 });
  writeWhole(places.root, root);
  // The last: without it nothing is trusted.
  const written: Trust = { ...trust, root: fingerprintOf(root) };
  writeWhole(places.trust, `${JSON.stringify(written, undefined, 1)}\n`);
}

/** @throws DepotError depot/busy */
export function lockTrust(folder: string): FileLock {
  mkdirSync(folder, { recursive: true });
  const lock = tryLock(trustFolders(folder).lock);
  if (lock !== undefined) return lock;
  throw new DepotError({
    code: "depot/busy",
    problem: "Cannot ask the depot: another xsplice is asking it",
    where: folder,
    remedy: "wait until that has ended",
  });
}

/** Takes over what was believed, the root first: it decides on all others. */
export function keepMetadata(folder: string, from: string, onStep: (words: string) => void): void {
  const { metadata } = trustFolders(folder);
  const names = readdirSync(from).sort((one, other) => rank(one) - rank(other));
  for (const name of names) {
    const [old, made] = [readOrNone(join(metadata, name)), readFileSync(join(from, name))];
    if (old?.equals(made)) continue;
    onStep(`keep ${name}`);
    writeWhole(join(metadata, name), made);
  }
}

function rank(name: string): number {
  const order = ["root.json", "timestamp.json", "snapshot.json", "targets.json"];
  const found = order.indexOf(name);
  return found < 0 ? order.length : found;
}

function readOrNone(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
