// Reads back files that can be made again. A file that is missing, empty or damaged, by a power cut or
// another release, is treated as absent: `undefined`, and the caller makes it again.

import { readFileSync } from "node:fs";
import type * as v from "valibot";
import { type Described, decodeJson } from "../json/decode-json.ts";

export function readKept<Of extends v.GenericSchema>(
  path: string,
  schema: Of,
): Described<Of> | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const decoded = decodeJson(text, schema);
  return decoded.kind === "value" ? decoded.value : undefined;
}
