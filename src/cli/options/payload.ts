// Files of payloads that a host has loaded, for commands that have to know more than it tells.

import type { OptionSpec } from "../option-spec.ts";

export const payloadOption: OptionSpec = {
  name: "payload",
  value: "FILE",
  description: "the file of a loaded payload, for facts that the host does not have",
  repeatable: "yes",
  completes: "file",
};
