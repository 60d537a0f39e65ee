// What publishing needs, and what comes of it.

import type { Draft } from "../draft/draft.ts";
import type { Signer } from "../keys/signer.ts";
import type { AnyMetadata } from "./signed-files.ts";

export interface PublishOptions {
  readonly now: Date;
  /** Those of the given ids that are at hand. */
  readonly signersOf: (keyIds: ReadonlySet<string>) => readonly Signer[];
  /** Whether a payload was made on this machine; all were, where nobody asks. */
  readonly isMadeHere?: (sha256: string) => boolean;
  /** `all`: sign for no channel with other payloads, whatever the depot asks for. */
  readonly onlyRebuilt?: "all" | "where asked";
  /** Called before each change of a file that hosts read. */
  readonly onStep?: (words: string) => void;
}

export type Published =
  | {
      readonly kind: "published";
      readonly versions: Readonly<Record<string, number>>;
      /** Roles that were signed anew. */
      readonly signed: readonly string[];
      readonly expires: Date;
    }
  /** Others have to sign as well; nothing is published. */
  | {
      readonly kind: "waiting";
      readonly missing: readonly MissingSignatures[];
      /** For which the keys at hand have not signed. */
      readonly notRebuilt: readonly NotRebuilt[];
    };

/** A payload that has not been made on this machine. */
export interface NotRebuilt {
  readonly channel: string;
  readonly base: string;
  readonly name: string;
  readonly sha256: string;
}

export interface MissingSignatures {
  readonly role: string;
  readonly have: number;
  readonly need: number;
  /** Of whom one or more have to sign. */
  readonly keyIds: readonly string[];
}

/** One publish under way. */
export interface Work {
  readonly depot: string;
  readonly draft: Draft;
  readonly options: PublishOptions;
  /** That hosts know. */
  readonly oldRoot: AnyMetadata | undefined;
  /** Channels with these are not signed by the keys at hand. */
  readonly notRebuilt: readonly NotRebuilt[];
}
