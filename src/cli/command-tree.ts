// All commands, in the order and under the headings that help shows.
import { applyCommand } from "./apply.ts";
import { compileCommand } from "./compile.ts";
import { completionCommand } from "./completion.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { helpCommand } from "./help.ts";
import { infoCommand } from "./info.ts";
import { inspectCommand } from "./inspect.ts";
import { labGroup } from "./lab.ts";
import { listCommand } from "./list.ts";
import { loadCommand } from "./load.ts";
import { manCommand } from "./man.ts";
import { replaceCommand } from "./replace.ts";
import { revertCommand } from "./revert.ts";
import type { SpecEntry, TreeSection } from "./spec.ts";
import { unloadCommand } from "./unload.ts";
import { uploadCommand } from "./upload.ts";

export const commandTree: readonly TreeSection[] = [
  { heading: "To begin:", entries: [demoCommand, doctorCommand, helpCommand] },
  {
    heading: "On a hypervisor, as xen-livepatch does it:",
    entries: [
      listCommand,
      uploadCommand,
      applyCommand,
      revertCommand,
      unloadCommand,
      replaceCommand,
      loadCommand,
    ],
  },
  { heading: "On a hypervisor, more:", entries: [infoCommand] },
  { heading: "Payload files:", entries: [compileCommand, inspectCommand] },
  { heading: "A real Xen to try things on:", entries: [labGroup] },
  { heading: "For the shell:", entries: [completionCommand, manCommand] },
];

export const allEntries: readonly SpecEntry[] = commandTree.flatMap(({ entries }) => entries);
