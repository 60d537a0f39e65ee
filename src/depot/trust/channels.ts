// What the channels of a depot have signed, as The Update Framework has believed it.

import { join } from "node:path";
import { readMetadata } from "../publish/signed-files.ts";

export interface SignedChannel {
  readonly name: string;
  /** So many of the keys have to sign. */
  readonly threshold: number;
  readonly keyIds: readonly string[];
  readonly targets: readonly { readonly path: string; readonly sha256: string }[];
}

/** Fields of believed documents; their form was judged with their signatures. */
interface Documents {
  readonly delegations?: {
    readonly roles?: readonly Role[];
  };
  readonly targets?: Readonly<
    Record<string, { readonly hashes: Readonly<Record<string, string>> }>
  >;
}

interface Role {
  readonly name: string;
  readonly threshold: number;
  readonly keyids: readonly string[];
}

/** @param work directory in which `targets` was believed just now */
export function believedChannels(work: string): readonly Role[] {
  return believed(work, "targets").delegations?.roles ?? [];
}

/** @param work directory in which the document of that channel was believed just now */
export function believedChannel(work: string, { name, threshold, keyids }: Role): SignedChannel {
  const targets = Object.entries(believed(work, name).targets ?? {})
    // As its delegation says: a channel signs nothing of another one.
    .filter(([path]) => new RegExp(`^${name}/[^/]+/[^/]+$`).test(path))
    .map(([path, { hashes }]) => ({ path, sha256: hashes["sha256"] ?? "" }));
  return { name, threshold, keyIds: keyids, targets };
}

function believed(work: string, role: string): Documents {
  return (readMetadata(join(work, `${role}.json`))?.signed.toJSON() ?? {}) as Documents;
}
