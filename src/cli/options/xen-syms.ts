// The hypervisor's symbols, for the commands that read its code.

import type { OptionSpec } from "../option-spec.ts";

export const xenSymsOption: OptionSpec = {
  name: "xen-syms",
  value: "FILE",
  description: "the hypervisor with its symbols; may be compressed with gzip",
  completes: "file",
  remedy:
    "distributions have it in a package of debug symbols (Debian: xen-hypervisor-4.17-amd64-dbg)",
};
