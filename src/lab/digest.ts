// Names for content: what was made from the same inputs is made once.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export function digestOf(...inputs: readonly (string | Uint8Array | number)[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) {
    const bytes = typeof input === "object" ? input : Buffer.from(String(input));
    // With its length in front, no two lists of inputs look the same.
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex").slice(0, 24);
}

export function digestOfFile(path: string): string {
  return digestOf(readFileSync(path));
}
