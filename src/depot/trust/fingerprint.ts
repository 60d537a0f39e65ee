// What identifies a root to people.

import { sha256 } from "../../bytes/sha256.ts";

/** Of the root's file. */
export function fingerprintOf(root: Uint8Array): string {
  return sha256(root);
}

/** In groups of eight digits, to be read aloud. */
export function spellFingerprint(fingerprint: string): string {
  return fingerprint.match(/.{8}/g)?.join(" ") ?? fingerprint;
}
