// Files of payloads that a host has loaded, for commands that have to know more than it tells.

import type { OptionSpec } from "../spec.ts";

export const payloadOption: OptionSpec = {
  flags: "--payload FILE",
  description: "the file of a loaded payload, for all that the host does not tell; again for more",
  repeatable: "yes",
  completes: "file",
};
