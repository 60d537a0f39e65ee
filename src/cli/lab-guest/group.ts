import type { GroupSpec } from "../spec.ts";
import { labGuestKillCommand } from "./kill.ts";
import { labGuestListCommand } from "./list.ts";
import { labGuestRunCommand } from "./run.ts";
import { labGuestStartCommand } from "./start.ts";

export const labGuestGroup: GroupSpec = {
  name: "guest",
  summary: "virtual machines in a lab: small programs of one file",
  description: [
    "A guest is a program that runs as a virtual machine of the lab's hypervisor: one C file with the kit in share/guest/, an ELF file, or a flat program. No toolstack and no KVM is needed.",
  ],
  commands: [labGuestRunCommand, labGuestStartCommand, labGuestListCommand, labGuestKillCommand],
};
