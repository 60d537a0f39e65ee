// Which xSplice answers: its commit, as git names it.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** With `-dirty` where files differ from it; undefined where there is no repository. */
export function treeOfTool(): string | undefined {
  const argv = ["-C", root, "describe", "--always", "--exclude=*", "--abbrev=10", "--dirty"];
  try {
    return execFileSync("git", argv, { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
}
