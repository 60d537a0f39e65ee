// Names derived from content: equal inputs are built only once.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export function digestOf(...inputs: readonly (string | Uint8Array | number)[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) {
    const bytes = typeof input === "object" ? input : Buffer.from(String(input));
    // The length prefix makes different lists of inputs always differ.
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex").slice(0, 24);
}

export function digestOfFile(path: string): string {
  return digestOf(readFileSync(path));
}
