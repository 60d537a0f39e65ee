// The metadata of The Update Framework that a draft stands for, without version, expiry and signatures:
// what is compared with what is published already, so that only what changed is signed anew.

import { readFileSync } from "node:fs";
import { sha256 } from "../../bytes/sha256.ts";
import {
  type Draft,
  type DraftRole,
  depotFolders,
  requireChannel,
  topRoles,
} from "../draft/draft.ts";
import { encodeWish, targetPath, WISH_FILE } from "../form.ts";
import { keyIdOf, tufKey } from "../keys/signer.ts";

export const SPEC_VERSION = "1.0.31";

export interface TargetDraft {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly read: () => Uint8Array;
}

/** Fields of the signed part, as JSON has them. */
export type Fields = Readonly<Record<string, unknown>>;

export function rootFields({ roles }: Draft): Fields {
  const all = topRoles.flatMap((role) => roles[role].keys);
  return {
    _type: "root",
    spec_version: SPEC_VERSION,
    consistent_snapshot: true,
    keys: keysOf(all),
    roles: Object.fromEntries(topRoles.map((role) => [role, roleOf(roles[role])])),
  };
}

/** It holds nothing itself: each channel is another role's. */
export function targetsFields({ channels }: Draft): Fields {
  const names = Object.keys(channels).sort();
  return {
    _type: "targets",
    spec_version: SPEC_VERSION,
    targets: {},
    delegations: {
      keys: keysOf(names.flatMap((name) => channels[name]?.role.keys ?? [])),
      roles: names.flatMap((name) => {
        const channel = channels[name];
        if (channel === undefined) return [];
        return { ...roleOf(channel.role), name, terminating: true, paths: [`${name}/*/*`] };
      }),
    },
  };
}

export function channelFields(targets: readonly TargetDraft[]): Fields {
  const sorted = targets.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  return {
    _type: "targets",
    spec_version: SPEC_VERSION,
    targets: Object.fromEntries(
      sorted.map(({ path, sizeBytes, sha256: digest }) => [
        path,
        { length: sizeBytes, hashes: { sha256: digest } },
      ]),
    ),
  };
}

/** All files of a channel: for each base the wish, the payloads and their evidence. */
export function targetsOf(depot: string, draft: Draft, channel: string): readonly TargetDraft[] {
  const { bases } = requireChannel(draft, channel);
  return Object.entries(bases).flatMap(([xenBuildId, contents]) => {
    const label = draft.bases[xenBuildId]?.label ?? xenBuildId;
    const wish = encodeWish({ channel, xenBuildId, label, ...contents });
    const files = contents.payloads.flatMap((payload) => [payload, ...payload.evidence]);
    return [
      {
        path: targetPath(channel, xenBuildId, WISH_FILE),
        sha256: sha256(wish),
        sizeBytes: wish.length,
        read: () => wish,
      },
      ...files.map(({ file, sha256: digest, sizeBytes }) => ({
        path: targetPath(channel, xenBuildId, file),
        sha256: digest,
        sizeBytes,
        read: () => new Uint8Array(readFileSync(depotFolders(depot).fileOf(digest))),
      })),
    ];
  });
}

function keysOf(keys: readonly string[]): Fields {
  const pairs = [...new Set(keys)].map((key) => [keyIdOf(key), tufKey(key)] as const);
  return Object.fromEntries(pairs.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function roleOf({ keys, threshold }: DraftRole) {
  return { keyids: keys.map(keyIdOf).sort(), threshold };
}
