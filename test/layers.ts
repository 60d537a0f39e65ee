// Who may import whom: the table of docs/architecture.md as data, held by layers.test.ts. Imports
// point down only. A name with a slash is a single file: a door that is open to that folder alone.
// `src/error.ts`, `src/invariant.ts` and `src/system-state.ts` are open to all.

export const mayImport: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  host: [],
  elf: ["bytes"],
  isa: ["bytes"],
  "xen-abi": ["bytes"],
  payload: ["bytes", "elf", "isa", "xen-abi"],
  diff: ["bytes", "elf", "isa", "xen-abi"],
  "xen-model": [
    "bytes",
    "xen-abi",
    "elf/raw.ts",
    "elf/constants.ts",
    "isa/relocate.ts",
    "isa/jump.ts",
    "isa/endbr64.ts",
  ],
  builder: ["bytes", "elf", "isa", "xen-abi", "payload", "diff", "parts"],
  agent: ["bytes"],
  "xen-call": ["bytes", "xen-abi", "agent", "host"],
  parts: ["bytes"],
  lab: ["bytes", "elf", "agent", "parts"],
  hosts: ["bytes", "host", "xen-abi", "xen-call", "agent", "lab", "xen-model"],
  cli: [
    "bytes",
    "host",
    "elf",
    "isa",
    "xen-abi",
    "payload",
    "diff",
    "builder",
    "agent",
    "xen-call",
    "parts",
    "lab",
    "hosts",
  ],
};
