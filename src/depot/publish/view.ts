// A depot as its vendor sees it: the draft, beside what hosts see.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Draft, type DraftRole, depotFolders, readDraft, topRoles } from "../draft/draft.ts";
import type { Contents } from "../form.ts";
import { keyIdOf } from "../keys/signer.ts";
import { fingerprintOf, spellFingerprint } from "../trust/fingerprint.ts";
import { channelFields, rootFields, targetsFields, targetsOf } from "./documents.ts";
import { type AnyMetadata, latestRoot, metaOf, readMetadata, saysTheSame } from "./signed-files.ts";

export interface DepotView {
  readonly root:
    | { readonly version: number; readonly fingerprint: string; readonly spelled: string }
    | undefined;
  readonly bases: readonly {
    readonly buildId: string;
    readonly label: string;
    readonly release: string;
  }[];
  readonly channels: readonly {
    readonly name: string;
    readonly bases: readonly (Contents & { readonly label: string; readonly buildId: string })[];
  }[];
  readonly roles: readonly {
    readonly name: string;
    readonly keyIds: readonly string[];
    readonly threshold: number;
    readonly version: number | undefined;
    readonly expires: string | undefined;
  }[];
  /** Sentences without their ends. */
  readonly troubles: readonly string[];
}

/** A third of its days is left. */
const SOON = 1 / 3;
const DAY_MS = 86_400_000;

/** @throws DepotError depot/damaged */
export function viewDepot(depot: string, now: Date): DepotView {
  const draft = readDraft(depot);
  const { metadata } = depotFolders(depot);
  const published = publishedMetadata(metadata, draft);
  const roles = rolesOf(draft).map(([name, { keys, threshold, days }]) => {
    const signed = published.get(name)?.signed;
    const own = { name, keyIds: keys.map(keyIdOf), threshold, days };
    return { ...own, version: signed?.version, expires: signed?.expires };
  });
  const root = published.get("root");
  return {
    root: root && rootView(metadata, root.signed.version),
    bases: Object.entries(draft.bases).map(([buildId, base]) => ({ buildId, ...base })),
    channels: Object.entries(draft.channels).map(([name, { bases }]) => ({
      name,
      bases: Object.entries(bases).map(([buildId, contents]) => ({
        ...contents,
        buildId,
        label: draft.bases[buildId]?.label ?? buildId,
      })),
    })),
    roles: roles.map(({ days: _, ...role }) => role),
    troubles: [
      ...unpublished(depot, draft, published),
      ...roles.flatMap(({ name, expires, days }) => {
        if (expires === undefined) return [];
        const left = (new Date(expires).getTime() - now.getTime()) / DAY_MS;
        if (left <= 0) return [`${name} has expired: hosts believe nothing of it`];
        return left < days * SOON ? [`${name} expires in ${left.toFixed(1)} days`] : [];
      }),
    ],
  };
}

function rolesOf({ roles, channels }: Draft): readonly (readonly [string, DraftRole])[] {
  const own = Object.entries(channels).map(([name, { role }]) => [name, role] as const);
  return [...topRoles.map((name) => [name, roles[name]] as const), ...own];
}

function publishedMetadata(folder: string, draft: Draft): ReadonlyMap<string, AnyMetadata> {
  const timestamp = readMetadata(join(folder, "timestamp.json"));
  const versioned = (name: string, versions: ReturnType<typeof metaOf>) => {
    const version = versions[`${name}.json`]?.version;
    return version === undefined
      ? undefined
      : readMetadata(join(folder, `${version}.${name}.json`));
  };
  const snapshot = versioned("snapshot", metaOf(timestamp));
  const names = ["targets", ...Object.keys(draft.channels)];
  const all: readonly (readonly [string, AnyMetadata | undefined])[] = [
    ["root", latestRoot(folder)],
    ["timestamp", timestamp],
    ["snapshot", snapshot],
    ...names.map((name) => [name, versioned(name, metaOf(snapshot))] as const),
  ];
  return new Map(all.flatMap(([name, one]) => (one === undefined ? [] : [[name, one] as const])));
}

function rootView(folder: string, version: number) {
  const fingerprint = fingerprintOf(readFileSync(join(folder, `${version}.root.json`)));
  return { version, fingerprint, spelled: spellFingerprint(fingerprint) };
}

function unpublished(
  depot: string,
  draft: Draft,
  published: ReadonlyMap<string, AnyMetadata>,
): readonly string[] {
  const isOld = (name: string, fields: ReturnType<typeof rootFields>): boolean =>
    !saysTheSame(published.get(name), fields);
  const channels = Object.keys(draft.channels).filter((name) =>
    isOld(name, channelFields(targetsOf(depot, draft, name))),
  );
  const keys = isOld("root", rootFields(draft)) || isOld("targets", targetsFields(draft));
  return [
    ...channels.map((name) => `channel ${name} has changes that are not published`),
    ...(keys ? ["keys have changed, and hosts do not know it yet: publish"] : []),
  ];
}
