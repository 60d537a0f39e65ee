// Makes a draft what hosts see. Everything is signed before the first file is written; files of the new
// version lie beside those of the old one, and one rename, of timestamp.json, is the moment at which hosts
// see the new one. So whoever is killed here leaves the depot as it was or as it shall be.
//
// A new root is written last where its timestamp is signed by the old keys as well; hosts that read at
// any moment then believe what they see.

import { invariant } from "../../invariant.ts";
import { changeDraft, type Draft, depotFolders, requireChannel } from "../draft/draft.ts";
import { DepotError } from "../errors.ts";
import {
  channelFields,
  rootFields,
  type TargetDraft,
  targetsFields,
  targetsOf,
} from "./documents.ts";
import { findNotRebuilt } from "./not-rebuilt.ts";
import { forgetPending, type Prepared, prepare, savePending, type ToPrepare } from "./prepare.ts";
import type { Published, PublishOptions, Work } from "./publish-form.ts";
import { currentMeta, publishedNow } from "./published.ts";
import { type AnyMetadata, latestRoot } from "./signed-files.ts";
import { sumUp } from "./sum-up.ts";
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

function beginWork(depot: string, draft: Draft, options: PublishOptions): Work {
  const oldRoot = latestRoot(depotFolders(depot).metadata);
  return { depot, draft, options, oldRoot, notRebuilt: findNotRebuilt(draft, options) };
}

function publishDraft(depot: string, draft: Draft, options: PublishOptions): Published {
  const work = beginWork(depot, draft, options);
  const current = currentMeta(depot, draft);
  const names = Object.keys(draft.channels).sort();
  const targets = new Map(names.map((name) => [name, targetsOf(depot, draft, name)]));
  const root = prepare(topOf(work, "root", rootFields(draft), work.oldRoot));
  const others = [
    prepare(topOf(work, "targets", targetsFields(draft), current.get("targets"))),
    ...names.map((name) => prepare(channelOf(work, name, targets, current))),
  ];
  const prepared = [root, ...others];
  // Whoever signs next finds what is signed so far.
  for (const one of prepared) savePending(depot, one);
  const missing = prepared.flatMap((one) => one.missing ?? []);
  const { notRebuilt } = work;
  if (missing.length > 0) return { kind: "waiting", missing, notRebuilt };
  for (const { name, metadata } of others) current.set(name, metadata);
  const report = finishWork(work, current, [...targets.values()].flat(), root);
  if (report.kind === "waiting") return report;
  forgetPending(depot);
  const signed = prepared.filter(({ isNew }) => isNew).map(({ name }) => name);
  return { ...report, signed: [...signed, ...report.signed] };
}

function topOf(
  { depot, draft, options, oldRoot }: Work,
  name: "root" | "targets",
  fields: ToPrepare["fields"],
  published: AnyMetadata | undefined,
): ToPrepare {
  return { depot, options, name, fields, role: draft.roles[name], published, before: oldRoot };
}

function channelOf(
  { depot, draft, options: given, notRebuilt }: Work,
  name: string,
  targets: ReadonlyMap<string, readonly TargetDraft[]>,
  current: ReadonlyMap<string, AnyMetadata>,
): ToPrepare {
  const { role } = requireChannel(draft, name);
  const fields = channelFields(targets.get(name) ?? []);
  const isOpen = notRebuilt.some(({ channel }) => channel === name);
  const options = isOpen ? { ...given, signersOf: () => [] } : given;
  return { depot, options, name, fields, role, published: current.get(name), before: undefined };
}

/** Sums it up; then the files. */
function finishWork(
  work: Work,
  meta: ReadonlyMap<string, AnyMetadata>,
  files: readonly TargetDraft[],
  newRoot: Prepared | undefined,
): Published {
  const { depot, oldRoot, options } = work;
  const { snapshot, timestamp } = sumUp(work, meta);
  const missing = [snapshot, timestamp].flatMap((one) => one.missing ?? []);
  if (missing.length > 0) {
    for (const one of [snapshot, timestamp]) savePending(depot, one);
    return { kind: "waiting", missing, notRebuilt: [] };
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
