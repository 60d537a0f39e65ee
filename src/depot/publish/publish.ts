// Makes a draft what hosts see. Everything is signed before the first file is written; files of the new
// version lie beside those of the old one, and one rename, of timestamp.json, is the moment at which hosts
// see the new one. So whoever is killed here leaves the depot as it was or as it shall be.
//
// A new root is written last where its timestamp is signed by the old keys as well; hosts that read at
// any moment then believe what they see.

import { join } from "node:path";
import { invariant } from "../../invariant.ts";
import { changeDraft, type Draft, depotFolders } from "../draft/draft.ts";
import { DepotError } from "../errors.ts";
import {
  channelFields,
  rootFields,
  SPEC_VERSION,
  type TargetDraft,
  targetsFields,
  targetsOf,
} from "./documents.ts";
import { forgetPending, type Prepared, prepare, savePending, type ToPrepare } from "./prepare.ts";
import type { Published, PublishOptions } from "./publish-form.ts";
import { type AnyMetadata, latestRoot, metaOf, readMetadata } from "./signed-files.ts";
import { writePublished } from "./write.ts";

/** @throws DepotError */
export function publish(depot: string, options: PublishOptions): Promise<Published> {
  return changeDraft(depot, (draft) => publishDraft(depot, draft, options));
}

/** Signs anew that the depot is alive, without any change of what it says. @throws DepotError */
export function refresh(depot: string, options: PublishOptions): Promise<Published> {
  return changeDraft(depot, (draft) => {
    requirePublished(depot);
    const work = beginWork(depot, draft, options);
    return finishWork(work, currentMeta(depot, draft), [], undefined);
  });
}

interface Work {
  readonly depot: string;
  readonly draft: Draft;
  readonly options: PublishOptions;
  readonly oldRoot: AnyMetadata | undefined;
}

function beginWork(depot: string, draft: Draft, options: PublishOptions): Work {
  return { depot, draft, options, oldRoot: latestRoot(depotFolders(depot).metadata) };
}

function publishDraft(depot: string, draft: Draft, options: PublishOptions): Published {
  const work = beginWork(depot, draft, options);
  const channels = Object.entries(draft.channels).toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  const targets = new Map(channels.map(([name]) => [name, targetsOf(depot, draft, name)]));
  const current = currentMeta(depot, draft);
  const before = work.oldRoot;
  const common = { depot, options };
  const top = (name: "root" | "targets", fields: ToPrepare["fields"]): ToPrepare => {
    const published = name === "root" ? before : current.get(name);
    return { ...common, name, fields, role: draft.roles[name], published, before };
  };
  const wanted: readonly ToPrepare[] = [
    top("root", rootFields(draft)),
    top("targets", targetsFields(draft)),
    ...channels.map(([name, { role }]) => {
      const fields = channelFields(targets.get(name) ?? []);
      return { ...common, name, fields, role, published: current.get(name), before: undefined };
    }),
  ];
  const [root, ...others] = wanted.map(prepare);
  const prepared = root === undefined ? others : [root, ...others];
  const missing = prepared.flatMap((one) => one.missing ?? []);
  // Whoever signs next finds what is signed so far.
  for (const one of prepared) savePending(depot, one);
  if (missing.length > 0) return { kind: "waiting", missing };
  for (const { name, metadata } of others) current.set(name, metadata);
  const report = finishWork(work, current, [...targets.values()].flat(), root);
  if (report.kind === "waiting") return report;
  forgetPending(depot);
  const signed = prepared.filter(({ isNew }) => isNew).map(({ name }) => name);
  return { ...report, signed: [...signed, ...report.signed] };
}

/** Targets and channels as they are published now. */
function currentMeta(depot: string, draft: Draft): Map<string, AnyMetadata> {
  const { metadata } = depotFolders(depot);
  const { snapshot } = publishedNow(metadata);
  const versions = metaOf(snapshot);
  return new Map(
    ["targets", ...Object.keys(draft.channels)].flatMap((name) => {
      const version = versions[`${name}.json`]?.version;
      const found = version && readMetadata(join(metadata, `${version}.${name}.json`));
      return found ? [[name, found] as const] : [];
    }),
  );
}

function publishedNow(folder: string) {
  const timestamp = readMetadata(join(folder, "timestamp.json"));
  const version = metaOf(timestamp)["snapshot.json"]?.version;
  const snapshot = version && readMetadata(join(folder, `${version}.snapshot.json`));
  return { timestamp, snapshot: snapshot || undefined };
}

/** Snapshot and timestamp over what is signed; then the files. */
function finishWork(
  { depot, draft, options, oldRoot }: Work,
  meta: ReadonlyMap<string, AnyMetadata>,
  files: readonly TargetDraft[],
  newRoot: Prepared | undefined,
): Published {
  const old = publishedNow(depotFolders(depot).metadata);
  const present = [...meta].map(([name, { signed }]) => [
    `${name}.json`,
    { version: signed.version },
  ]);
  const common = { depot, before: oldRoot, options };
  const snapshot = prepare({
    ...common,
    name: "snapshot",
    fields: {
      _type: "snapshot",
      spec_version: SPEC_VERSION,
      // What is gone stays listed: hosts refuse a snapshot from which a file has vanished.
      meta: { ...metaOf(old.snapshot), ...Object.fromEntries(present) },
    },
    role: draft.roles.snapshot,
    published: old.snapshot,
  });
  const timestamp = prepare({
    ...common,
    name: "timestamp",
    fields: {
      _type: "timestamp",
      spec_version: SPEC_VERSION,
      meta: { "snapshot.json": { version: snapshot.metadata.signed.version } },
    },
    role: draft.roles.timestamp,
    published: old.timestamp,
    always: "sign",
  });
  const missing = [snapshot, timestamp].flatMap((one) => one.missing ?? []);
  if (missing.length > 0) {
    for (const one of [snapshot, timestamp]) savePending(depot, one);
    return { kind: "waiting", missing };
  }
  const root = newRoot?.metadata ?? oldRoot;
  invariant(root !== undefined, "the first publish makes a root");
  const top = { root, snapshot: snapshot.metadata, timestamp: timestamp.metadata };
  writePublished(depot, { ...top, meta, oldRoot, files }, options.onStep);
  const versions = [...Object.entries(top), ...meta].map(([name, { signed }]) => [
    name,
    signed.version,
  ]);
  return {
    kind: "published",
    versions: Object.fromEntries(versions),
    signed: [...(snapshot.isNew ? ["snapshot"] : []), "timestamp"],
    expires: new Date(timestamp.metadata.signed.expires),
  };
}

function requirePublished(depot: string): void {
  if (publishedNow(depotFolders(depot).metadata).timestamp !== undefined) return;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot refresh the depot "${depot}": nothing is published yet`,
    remedy: "publish it first",
  });
}
