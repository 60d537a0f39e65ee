// The file prepare-build of xen-lp-devel: lines for a shell that put the compiler of the vendor's build
// on the PATH, such as "source /opt/rh/devtoolset-11/enable". Only that line's file is read by a shell.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** The PATH with that compiler; undefined where the machine's own is meant, or it is not installed. */
export function pathFromPrepareBuild(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const named = /^\s*(?:source|\.)\s+(\/\S+)\s*$/m.exec(readFileSync(file, "utf8"))?.[1];
  if (named === undefined || !existsSync(named)) return undefined;
  const script = '. "$1" >/dev/null 2>&1; printf %s "$PATH"';
  const { status, stdout } = spawnSync("bash", ["-c", script, "bash", named], { encoding: "utf8" });
  return status === 0 && stdout !== "" ? stdout : undefined;
}
