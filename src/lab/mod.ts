export {
  connectLab,
  consoleOfLab,
  endLab,
  type ListedLab,
  listLabs,
  removeDeadLabs,
  startDetachedLab,
} from "./detached.ts";
export { type CrashReport, LabError, type LabErrorCode } from "./errors.ts";
export { Lab, type LabInfo } from "./lab.ts";
export type { LabOptions } from "./lab-options.ts";
export { type OpenLabOptions, openLab, partsForLab, prepareLab } from "./open-lab.ts";
export { removeSnapshots } from "./snapshot.ts";
export type { Userland } from "./sources.ts";
