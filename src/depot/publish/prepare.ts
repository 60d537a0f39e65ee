// One document on its way to be published: what is there already, where nothing changed and it is believed
// for long enough; else the next version, with all signatures that are at hand. Signatures that came earlier,
// of others, wait in `draft/pending`.

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../files/write-whole.ts";
import { type DraftRole, depotFolders } from "../draft/draft.ts";
import { keyIdOf } from "../keys/signer.ts";
import type { Fields } from "./documents.ts";
import type { MissingSignatures, PublishOptions } from "./publish-form.ts";
import {
  type AnyMetadata,
  encodeMetadata,
  makeMetadata,
  readMetadata,
  saysTheSame,
  signWith,
} from "./signed-files.ts";

export interface ToPrepare {
  readonly depot: string;
  readonly name: string;
  readonly fields: Fields;
  readonly role: DraftRole;
  readonly published: AnyMetadata | undefined;
  /** The root that hosts know: its keys sign as well, so that they go along. */
  readonly before: AnyMetadata | undefined;
  readonly options: PublishOptions;
  /** A timestamp is signed anew each time. */
  readonly always?: "sign";
}

export interface Prepared {
  readonly name: string;
  readonly metadata: AnyMetadata;
  readonly isNew: boolean;
  readonly missing: MissingSignatures | undefined;
}

const DAY_MS = 86_400_000;
/** What is believed for less than this part of its days is signed anew. */
const RENEW_BELOW = 1 / 3;

export function prepare(wanted: ToPrepare): Prepared {
  const { depot, name, fields, role, published, options, before, always } = wanted;
  const { now, signersOf } = options;
  const isEnough =
    published !== undefined && saysTheSame(published, fields) && signedByAll(published, role);
  if (
    published !== undefined &&
    isEnough &&
    always === undefined &&
    lastsLong(published, role, now)
  ) {
    return { name, metadata: published, isNew: false, missing: undefined };
  }
  const expires = new Date(now.getTime() + role.days * DAY_MS);
  const version = (published?.signed.version ?? 0) + 1;
  const waiting = readMetadata(pendingPath(depot, name));
  const isSame = waiting?.signed.version === version && saysTheSame(waiting, fields);
  const metadata =
    waiting !== undefined && isSame && lastsLong(waiting, role, now)
      ? waiting
      : makeMetadata(fields, { version, expires, signedAt: now });
  const own = role.keys.map(keyIdOf);
  const old = keyIdsOf(before, name);
  signWith(metadata, signersOf(new Set([...own, ...old])));
  const missing =
    missingOf(name, metadata, own, role.threshold) ?? missingOfOld(name, metadata, before);
  return { name, metadata, isNew: true, missing };
}

/** A new root is believed only with enough signatures of the old one's keys. */
function missingOfOld(
  name: string,
  metadata: AnyMetadata,
  before: AnyMetadata | undefined,
): MissingSignatures | undefined {
  if (name !== "root" || before === undefined) return undefined;
  return missingOf(name, metadata, keyIdsOf(before, name), roleIn(before, name)?.threshold ?? 1);
}

function missingOf(
  role: string,
  { signatures }: AnyMetadata,
  keyIds: readonly string[],
  need: number,
): MissingSignatures | undefined {
  const open = keyIds.filter((keyId) => signatures[keyId] === undefined);
  const have = keyIds.length - open.length;
  return have >= need ? undefined : { role, have, need, keyIds: open };
}

function signedByAll(metadata: AnyMetadata, { keys, threshold }: DraftRole): boolean {
  const signed = keys.filter((key) => metadata.signatures[keyIdOf(key)] !== undefined);
  return signed.length >= threshold;
}

function lastsLong({ signed }: AnyMetadata, { days }: DraftRole, now: Date): boolean {
  return new Date(signed.expires).getTime() - now.getTime() > days * DAY_MS * RENEW_BELOW;
}

function keyIdsOf(root: AnyMetadata | undefined, role: string): readonly string[] {
  return root === undefined ? [] : (roleIn(root, role)?.keyids ?? []);
}

function roleIn(root: AnyMetadata, role: string) {
  const fields = root.signed.toJSON() as {
    roles?: Record<string, { keyids: readonly string[]; threshold: number }>;
  };
  return fields.roles?.[role];
}

function pendingPath(depot: string, name: string): string {
  return join(depotFolders(depot).pending, `${name}.json`);
}

export function savePending(depot: string, { name, metadata, isNew }: Prepared): void {
  if (isNew) writeWhole(pendingPath(depot, name), encodeMetadata(metadata));
}

export function forgetPending(depot: string): void {
  const { pending } = depotFolders(depot);
  for (const name of readdirSync(pending)) rmSync(join(pending, name), { force: true });
}
