import type { TopGroup } from "../spec.ts";
import { addCommand } from "./add.ts";
import { baseCommand } from "./base.ts";
import { exportCommand, importCommand } from "./carry.ts";
import { promoteCommand, revokeCommand } from "./change.ts";
import { initCommand } from "./init.ts";
import { publishCommand, refreshCommand } from "./publish.ts";
import { rotateCommand } from "./rotate.ts";
import { depotStatusCommand } from "./show.ts";
import { trustCommand } from "./trust.ts";

export const depotGroup: TopGroup = {
  name: "depot",
  description: [
    "A depot is a plain directory that any web server can serve. For each build of the hypervisor and each channel it says which payloads a host should run, which fixes they close, and which fixes need a reboot after all. The Update Framework (TUF) is its trust: every word of it is signed, and old or mixed answers are refused.",
    "A vendor works with init, base, add, promote, revoke, publish, refresh and rotate; a host begins with trust, and goes on with xsplice status and xsplice update.",
  ],
  commands: [
    initCommand,
    baseCommand,
    addCommand,
    promoteCommand,
    revokeCommand,
    publishCommand,
    refreshCommand,
    rotateCommand,
    depotStatusCommand,
    exportCommand,
    importCommand,
    trustCommand,
  ],
};
