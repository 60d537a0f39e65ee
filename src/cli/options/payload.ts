// Files of loaded payloads, for commands that need more facts than the host reports.

import type { OptionSpec } from "../option-spec.ts";

export const payloadOption: OptionSpec = {
  name: "payload",
  value: "FILE",
  description: "the file of a loaded payload, for facts that the host does not have",
  repeatable: "yes",
  completes: "file",
};
