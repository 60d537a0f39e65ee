// Snapshot and timestamp over what is signed: what says which versions belong together, and that this is the newest.

import { depotFolders } from "../draft/draft.ts";
import { SPEC_VERSION } from "./documents.ts";
import { type Prepared, prepare } from "./prepare.ts";
import type { Work } from "./publish-form.ts";
import { publishedNow } from "./published.ts";
import { type AnyMetadata, metaOf } from "./signed-files.ts";

interface SummedUp {
  readonly snapshot: Prepared;
  readonly timestamp: Prepared;
}

/** @param meta targets and channels, by name */
export function sumUp(
  { depot, draft, options, oldRoot }: Work,
  meta: ReadonlyMap<string, AnyMetadata>,
): SummedUp {
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
  return { snapshot, timestamp };
}
