// What identifies contents wherever they are read again: in origins, plans, reports and caches.

import { createHash } from "node:crypto";

/** In hexadecimal; of a text, of its UTF-8. */
export function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}
