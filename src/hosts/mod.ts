// The kinds of host. All of them are a LivepatchHost (xsplice/host) and nothing more.

export { labHost, openLabHost } from "./lab.ts";
export { openLocalHost } from "./local.ts";
export { ModelHost } from "./model.ts";
export { type OpenHostOptions, openHost } from "./open-host.ts";
export { type OpenSshOptions, openSshHost } from "./ssh/ssh.ts";
