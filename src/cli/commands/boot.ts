import type { GroupSpec } from "../spec.ts";
import { bootDisableCommand } from "./boot-disable.ts";
import { bootEnableCommand } from "./boot-enable.ts";
import { bootReleaseCommand } from "./boot-release.ts";
import { bootStatusCommand } from "./boot-status.ts";

export const bootGroup: GroupSpec = {
  name: "boot",
  summary: "apply again after a reboot what was applied before it",
  description: [
    "A reboot takes all payloads away. Once it is enabled, a dom0 keeps the files of what is applied, and a script applies them again at boot, in their order, before guests start. The script needs Xen's xen-livepatch and a shell; neither xSplice, nor Node, nor a network.",
    "It applies nothing under another build of the hypervisor, and no file that has changed. A payload that was being applied when the host went down without a shutdown, or that had been applied only shortly, is set aside, so that no payload keeps a host from booting. xsplice.boot=off on the command line of dom0's kernel turns all of it off.",
  ],
  commands: [bootEnableCommand, bootDisableCommand, bootStatusCommand, bootReleaseCommand],
};
