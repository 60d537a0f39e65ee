// What hosts see of a depot now.

import { join } from "node:path";
import { type Draft, depotFolders } from "../draft/draft.ts";
import { type AnyMetadata, metaOf, readMetadata } from "./signed-files.ts";

/** Targets and channels as they are published now. */
export function currentMeta(depot: string, draft: Draft): Map<string, AnyMetadata> {
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

export function publishedNow(folder: string) {
  const timestamp = readMetadata(join(folder, "timestamp.json"));
  const version = metaOf(timestamp)["snapshot.json"]?.version;
  const snapshot = version && readMetadata(join(folder, `${version}.snapshot.json`));
  return { timestamp, snapshot: snapshot || undefined };
}
