// Metadata for a payload, which `list` shows.

import type { OptionSpec } from "../option-spec.ts";
import type { OptionValues } from "../option-values.ts";
import { splitPair } from "./split-pair.ts";

export const metadataOption: OptionSpec = {
  name: "metadata",
  alias: "meta",
  value: "KEY=VALUE",
  description: "metadata that list shows",
  repeatable: "yes",
};

/** @throws UsageError */
export function readMetadata(options: OptionValues): readonly (readonly [string, string])[] {
  return options.texts("metadata").map((text) => splitPair("--metadata", text));
}
