import { labGuestGroup } from "../lab-guest/group.ts";
import type { TopGroup } from "../spec.ts";
import { labCleanCommand } from "./lab-clean.ts";
import { labConsoleCommand } from "./lab-console.ts";
import { labDownCommand } from "./lab-down.ts";
import { labExecCommand } from "./lab-exec.ts";
import { labListCommand } from "./lab-list.ts";
import { labRunCommand } from "./lab-run.ts";
import { labSnapshotCommand } from "./lab-snapshot.ts";
import { labUpCommand } from "./lab-up.ts";

export const labGroup: TopGroup = {
  name: "lab",
  description: [
    "A lab runs Debian's own Xen with a small Linux as dom0, in QEMU, without root. It starts from a snapshot within a second, after one cold boot; its parts are downloaded on first use.",
  ],
  commands: [
    labUpCommand,
    labListCommand,
    labExecCommand,
    labConsoleCommand,
    labDownCommand,
    labRunCommand,
    labGuestGroup,
    labSnapshotCommand,
    labCleanCommand,
  ],
};
