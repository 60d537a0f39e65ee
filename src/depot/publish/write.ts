// Writes signed documents into the folder that hosts read, in the order in which each reader finds what it
// is pointed to, and judges them beforehand as a host will.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sha256 } from "../../bytes/sha256.ts";
import { writeWhole } from "../../files/write-whole.ts";
import { depotFolders } from "../draft/draft.ts";
import { DepotError } from "../errors.ts";
import type { TargetDraft } from "./documents.ts";
import { type AnyMetadata, encodeMetadata } from "./signed-files.ts";

export interface ToWrite {
  readonly root: AnyMetadata;
  /** What hosts know by now. */
  readonly oldRoot: AnyMetadata | undefined;
  readonly timestamp: AnyMetadata;
  readonly snapshot: AnyMetadata;
  /** Targets and channels, by name. */
  readonly meta: ReadonlyMap<string, AnyMetadata>;
  readonly files: readonly TargetDraft[];
}

export function writePublished(
  depot: string,
  { root, oldRoot, timestamp, snapshot, meta, files }: ToWrite,
  onStep: (words: string) => void = () => {},
): void {
  requireBelievable({ root, timestamp, snapshot, meta });
  const { metadata, targets } = depotFolders(depot);
  const write = (path: string, content: Uint8Array | string): void => {
    if (isThere(path, content)) return;
    onStep(`write ${path.slice(depot.length + 1)}`);
    mkdirSync(dirname(path), { recursive: true });
    writeWhole(path, content);
  };
  for (const { path, sha256: digest, read } of files) {
    const place = join(targets, dirname(path), `${digest}.${basename(path)}`);
    if (!existsSync(place)) write(place, requireDigest(read(), digest, path));
  }
  const versioned = (name: string, document: AnyMetadata): void =>
    write(join(metadata, `${document.signed.version}.${name}.json`), encodeMetadata(document));
  for (const [name, document] of meta) versioned(name, document);
  versioned("snapshot", snapshot);
  // Hosts that know the old root believe the new timestamp, so they may see it first; else they have to
  // learn of the new keys first, and wait for the moment until the timestamp follows.
  const isRootLast = oldRoot !== undefined && believes(oldRoot, { timestamp, snapshot, meta });
  if (!isRootLast) versioned("root", root);
  write(join(metadata, "timestamp.json"), encodeMetadata(timestamp));
  if (isRootLast) versioned("root", root);
}

type TopDocuments = Pick<ToWrite, "timestamp" | "snapshot" | "meta">;

function believes(root: AnyMetadata, { timestamp, snapshot, meta }: TopDocuments): boolean {
  const targets = meta.get("targets");
  const top = [
    ["timestamp", timestamp],
    ["snapshot", snapshot],
    ["targets", targets],
  ] as const;
  return top.every(
    ([role, document]) => document === undefined || whyNot(root, role, document) === undefined,
  );
}

/** What no host would believe is not written. @throws DepotError depot/damaged */
function requireBelievable({
  root,
  timestamp,
  snapshot,
  meta,
}: Omit<ToWrite, "files" | "oldRoot">): void {
  const targets = meta.get("targets");
  const troubles = [
    whyNot(root, "root", root),
    whyNot(root, "timestamp", timestamp),
    whyNot(root, "snapshot", snapshot),
    ...[...meta].map(([name, document]) =>
      name === "targets" || targets === undefined
        ? whyNot(root, name, document)
        : whyNot(targets, name, document),
    ),
  ].flatMap((trouble) => trouble ?? []);
  if (troubles.length === 0) return;
  throw new DepotError({
    code: "depot/damaged",
    problem: "Cannot publish: hosts would not believe what is to be published",
    where: troubles.join("\n"),
    expected: "valid signatures of enough keys of each role",
    remedy: "remove draft/pending of the depot: somebody else's signature in it may not be one",
  });
}

function whyNot(above: AnyMetadata, role: string, document: AnyMetadata): string | undefined {
  try {
    above.verifyDelegate(role, document);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isThere(path: string, content: Uint8Array | string): boolean {
  return existsSync(path) && readFileSync(path).equals(Buffer.from(content as Uint8Array));
}

function requireDigest(bytes: Uint8Array, digest: string, path: string): Uint8Array {
  if (sha256(bytes) === digest) return bytes;
  throw new DepotError({
    code: "depot/damaged",
    problem: `Cannot publish "${path}": the depot's file is not the one that was added`,
    expected: `SHA-256 ${digest}`,
    remedy: "revoke the payload, and add it again",
  });
}
