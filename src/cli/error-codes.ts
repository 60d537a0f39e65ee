// What each error code means, and what to do: the table of docs/errors.md, which the package contains.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface ErrorExplanation {
  readonly code: string;
  readonly what: string;
  readonly remedy: string;
}

/** Three levels above, in a clone and in an installed package. */
const TABLE = new URL("../../../docs/errors.md", import.meta.url);

/** In the order of the table. */
export function errorExplanations(): readonly ErrorExplanation[] {
  const text = readFileSync(fileURLToPath(TABLE), "utf8");
  const rows = text.matchAll(/^\| `([a-z][a-z0-9/-]*)` \| (.+?) \| (.+?) \|$/gm);
  return [...rows].map(([, code = "", what = "", remedy = ""]) => ({
    code,
    what: plain(what),
    remedy: plain(remedy),
  }));
}

/** Words in backquotes are words in quotes elsewhere. */
function plain(text: string): string {
  return text.replaceAll("`", '"');
}
