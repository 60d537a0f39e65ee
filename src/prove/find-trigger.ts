// Triggers by their names, or by the path of a description that somebody else wrote.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sha256 } from "../bytes/sha256.ts";
import { decodeJson } from "../json/decode-json.ts";
import { shareFile } from "../lab/share-file.ts";
import { ProveError } from "./errors.ts";
import { type Trigger, triggerSchema } from "./trigger.ts";

const DESCRIPTION = "trigger.json";
const SIZE_MAX = 1024 * 1024;

/** All that come with xSplice, sorted. */
export function triggerNames(): readonly string[] {
  return readdirSync(shareFile("triggers"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/**
 * @param word a name such as XSA-504, or the path of a description or of its directory
 * @throws ProveError prove/bad-trigger
 */
export function findTrigger(word: string): Trigger {
  if (!word.includes("/")) {
    if (!triggerNames().includes(word)) throw badTrigger(word, "there is none of this name");
    return readTrigger(join(shareFile("triggers"), word, DESCRIPTION), word);
  }
  const status = statSync(word, { throwIfNoEntry: false });
  if (status === undefined) throw badTrigger(word, "there is no such file");
  return readTrigger(
    status.isDirectory() ? join(word, DESCRIPTION) : word,
    basename(dirname(word)),
  );
}

function readTrigger(path: string, name: string): Trigger {
  const text = readSmall(path);
  const decoded = decodeJson(text, triggerSchema);
  if (decoded.kind === "problem") throw badTrigger(path, decoded.problem);
  const source = join(dirname(path), decoded.value.program.file);
  const digest = sha256(`${text}\0${readSmall(source)}`);
  return { name, text: decoded.value, source, sha256: digest };
}

function readSmall(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isFile()) throw badTrigger(path, "there is no such file");
  if (status.size > SIZE_MAX) throw badTrigger(path, `it has ${status.size} bytes`);
  return readFileSync(path, "utf8");
}

function badTrigger(word: string, state: string): ProveError {
  return new ProveError({
    code: "prove/bad-trigger",
    problem: `Cannot use "${word}" as a trigger: ${state}`,
    expected: `one of ${triggerNames().join(", ")}, or the path of a trigger.json`,
    remedy: "docs/guides/prove.md says how a trigger is written",
  });
}
