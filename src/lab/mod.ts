// A real Xen in an emulated computer, on this machine and without root: booting, restoring, using,
// stopping.

export type { AgentClient } from "../agent/client.ts";
export { AgentError, type AgentErrorCode } from "../agent/errors.ts";
export type { ExecOptions, ExecResult } from "../agent/exec.ts";
export type { AgentProcess } from "../agent/process.ts";
export type { KeptFolder, Removed } from "../files/claimed-folder.ts";
export {
  type ConnectOptions,
  connectLab,
  consoleOfLab,
  endLab,
  type ListedLab,
  listLabs,
  removeDeadLabs,
  startDetachedLab,
} from "./detached.ts";
export { type CrashReport, LabError, type LabErrorCode } from "./errors.ts";
export { Lab } from "./lab.ts";
export type { LabFile } from "./lab-file.ts";
export type { LabInfo, Userland } from "./lab-info.ts";
export type { LabOptions } from "./lab-options.ts";
export { type OpenLabOptions, openLab, partsForLab, prepareLab } from "./open-lab.ts";
export { removeSnapshots } from "./snapshot.ts";
export type { LabArchitecture, Processor } from "./start/board.ts";
