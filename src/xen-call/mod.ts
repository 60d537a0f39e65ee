// Calls to a hypervisor: the livepatch sysctls, xen_version and readconsole, through /dev/xen/privcmd or an
// agent in its dom0.

export { XenClient, type XenNumber } from "./client.ts";
export type { ConsoleRead } from "./console-read.ts";
export type { RawListEntry } from "./list-calls.ts";
export type { ActionName, ActionRequest, RawStatus } from "./livepatch-calls.ts";
export { openPrivcmd, type PrivcmdPaths } from "./privcmd.ts";
export { ProxyTransport } from "./proxy.ts";
export type { SysctlInterface } from "./sysctl-interface.ts";
export type {
  Hypercall,
  HypercallAnswer,
  HypercallArgument,
  HypercallTransport,
} from "./transport.ts";
export type { CompileInfo } from "./version-calls.ts";
