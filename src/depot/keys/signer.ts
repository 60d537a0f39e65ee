// Who signs: a key that was read from its file, or a command that never shows its key. The public half and
// its id are those of The Update Framework: the id is the SHA-256 of the key's canonical JSON.

import { sha256 } from "../../bytes/sha256.ts";

export interface Signer {
  readonly keyId: string;
  /** Ed25519, 32 bytes in hex. */
  readonly publicKey: string;
  /** In hex. @throws DepotError depot/key */
  readonly sign: (bytes: Uint8Array) => string;
}

/** As it stands in metadata; the fields are in the order of their names, which makes it canonical. */
export function tufKey(publicKey: string) {
  return { keytype: "ed25519", keyval: { public: publicKey }, scheme: "ed25519" };
}

export function keyIdOf(publicKey: string): string {
  return sha256(JSON.stringify(tufKey(publicKey)));
}
