// The kinds of host. Each of them implements LivepatchHost (xsplice/host), without additions.

export type { MemoryJournal } from "./journal/memory.ts";
export { labHost, openLabHost } from "./lab.ts";
export { openLocalHost } from "./local.ts";
export { ModelHost } from "./model.ts";
export { type OpenHostOptions, openHost } from "./open-host.ts";
export type { SshOptions } from "./ssh/connection.ts";
export { type OpenSshOptions, openSshHost } from "./ssh/open.ts";
