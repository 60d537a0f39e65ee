// A script for the shell of this dom0.

import type { RunScript } from "./remote-script.ts";
import { finished, startProcess } from "./ssh/process.ts";

export const runHere: RunScript = ({ task, script, args = [], stdin }, deadline) =>
  deadline.limit(task, async (signal) => {
    const end = await finished(
      startProcess("sh", ["-c", script, "xsplice", ...args]),
      stdin,
      signal,
    );
    if (end.kind === "ended") return end;
    throw new Error(`Bug in xsplice: the script to ${task} prints without end`);
  });
