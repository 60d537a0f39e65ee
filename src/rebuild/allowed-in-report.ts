// What the author of a payload allowed by name, from the report of its build.

import * as v from "valibot";
import { type Decoded, decodeJson } from "../json/decode-json.ts";

const reportSchema = v.object({ allowed: v.array(v.object({ option: v.string() })) });

export type AllowedOption = readonly [option: string, value: string];

/** `--allow-init setup`, `--allow-layout "struct domain"`, as options and their values. */
export function allowedInReport(text: string): Decoded<readonly AllowedOption[]> {
  const decoded = decodeJson(text, reportSchema);
  if (decoded.kind === "problem") return decoded;
  const value = decoded.value.allowed.map(({ option }): AllowedOption => {
    const at = option.indexOf(" ");
    return [option.slice(0, at), option.slice(at + 1).replace(/^"(.*)"$/, "$1")];
  });
  return { kind: "value", value };
}
