// Which xSplice answers: its commit, as git names it.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** With `-dirty` where its code differs from it; undefined where there is no repository. What a run publishes is no code. */
export function treeOfTool(): string | undefined {
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const changed = git("diff", "--name-only", "HEAD", "--", ".", ":(exclude)docs");
    return `${git("rev-parse", "--short=10", "HEAD")}${changed === "" ? "" : "-dirty"}`;
  } catch {
    return undefined;
  }
}
