// What a vendor works on: the bases, the channels with what they have for each base, and who signs what.
// One file of the depot, `draft/depot.json`, replaced as a whole. `publish` makes signed metadata of it;
// until then no host sees a change.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { type FileLock, tryLock } from "../../files/lock.ts";
import { writeWhole } from "../../files/write-whole.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";
import { maybe } from "../../json/fields.ts";
import { systemStateOf } from "../../system-state.ts";
import { DepotError } from "../errors.ts";
import { contentsSchema } from "../form.ts";

const roleSchema = v.object({
  /** Public keys, hex. */
  keys: v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  threshold: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** How long a signature of it is believed. */
  days: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

const draftSchema = v.object({
  format: v.literal(1),
  roles: v.object({
    root: roleSchema,
    targets: roleSchema,
    snapshot: roleSchema,
    timestamp: roleSchema,
  }),
  channels: v.record(
    v.string(),
    v.object({
      role: roleSchema,
      bases: v.record(v.string(), contentsSchema),
      /** Whoever signs for it has made each of its payloads, too. */
      rebuilt: maybe(v.boolean()),
    }),
  ),
  /** By build-id; the symbols are beside this file. */
  bases: v.record(
    v.string(),
    v.object({
      label: v.string(),
      release: v.string(),
      /** What payloads for it are built from, on the vendor's machine. */
      made: maybe(
        v.object({
          base: maybe(v.string()),
          source: maybe(v.string()),
          config: maybe(v.string()),
          compiler: maybe(v.string()),
          series: maybe(v.string()),
          version: maybe(v.string()),
        }),
      ),
    }),
  ),
});

export type Draft = Described<typeof draftSchema>;
export type MadeFrom = NonNullable<Draft["bases"][string]["made"]>;
export type DraftRole = Described<typeof roleSchema>;
export type TopRole = keyof Draft["roles"];
export const topRoles: readonly TopRole[] = ["root", "targets", "snapshot", "timestamp"];

/** Where a depot keeps what. `metadata` and `targets` are all that a web server has to serve. */
export function depotFolders(depot: string) {
  const draft = join(depot, "draft");
  return {
    metadata: join(depot, "metadata"),
    targets: join(depot, "targets"),
    draft,
    pending: join(draft, "pending"),
    files: join(draft, "files"),
    state: join(draft, "depot.json"),
    symbolsOf: (buildId: string) => join(draft, "bases", buildId, "xen-syms"),
    fileOf: (sha256: string) => join(draft, "files", sha256),
  };
}

export function createDraft(depot: string, draft: Draft): void {
  const { metadata, targets, files, pending } = depotFolders(depot);
  requireNoDepot(depot);
  for (const folder of [metadata, targets, files, pending]) mkdirSync(folder, { recursive: true });
  writeDraft(depot, draft);
}

/** @throws DepotError depot/bad-request where there is one already */
export function requireNoDepot(depot: string): void {
  if (!existsSync(depotFolders(depot).state)) return;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot make a depot in "${depot}": there is one already`,
    remedy: "give another directory; xsplice depot status shows what this one has",
  });
}

/** @throws DepotError depot/damaged */
export function readDraft(depot: string): Draft {
  const { state } = depotFolders(depot);
  let text: string;
  try {
    text = readFileSync(state, "utf8");
  } catch (cause) {
    throw notADepot(depot, systemStateOf(cause));
  }
  const decoded = decodeJson(text, draftSchema);
  if (decoded.kind === "problem") throw notADepot(depot, `${state}: ${decoded.problem}`);
  return decoded.value;
}

export function writeDraft(depot: string, draft: Draft): void {
  writeWhole(depotFolders(depot).state, `${JSON.stringify(draft, undefined, 1)}\n`);
}

/**
 * For one change at a time. @throws DepotError depot/busy
 */
export async function changeDraft<Result>(
  depot: string,
  change: (draft: Draft) => Promise<Result> | Result,
): Promise<Result> {
  readDraft(depot); // A lock makes no directory of what is no depot.
  using _ = lockDepot(depot);
  return await change(readDraft(depot));
}

function lockDepot(depot: string): FileLock {
  const lock = tryLock(join(depotFolders(depot).draft, "lock"));
  if (lock !== undefined) return lock;
  throw new DepotError({
    code: "depot/busy",
    problem: `Cannot change the depot "${depot}": another command is changing it`,
    remedy: "wait until that has ended",
  });
}

function notADepot(depot: string, state: string): DepotError {
  return new DepotError({
    code: "depot/damaged",
    problem: `Cannot use "${depot}" as a depot to work on`,
    where: state,
    expected: "a directory that xsplice depot init has made",
  });
}

/** @throws DepotError depot/bad-request */
export function requireChannel(draft: Draft, name: string): Draft["channels"][string] {
  const channel = Object.hasOwn(draft.channels, name) ? draft.channels[name] : undefined;
  if (channel !== undefined) return channel;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot find the channel "${name}": the depot has none of that name`,
    expected: `one of ${Object.keys(draft.channels).join(", ")}`,
  });
}

/** By build-id, its beginning, or its label. @throws DepotError depot/bad-request */
export function requireBase(draft: Draft, word: string): string {
  const found = Object.entries(draft.bases).filter(
    ([id, { label }]) => label === word || (word.length >= 8 && id.startsWith(word)),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only[0];
  const known = Object.entries(draft.bases).map(([id, { label }]) => `${id} (${label})`);
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot tell which base "${word}" is: ${found.length === 0 ? "the depot has none of that build-id or label" : "several fit"}`,
    expected: known.length === 0 ? "a base; there is none yet" : `one of\n${known.join("\n")}`,
    remedy: "register one with xsplice depot base",
  });
}
