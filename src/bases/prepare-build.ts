// The file prepare-build of xen-lp-devel: lines for a shell that put the compiler of the vendor's build
// on the PATH, such as "source /opt/rh/devtoolset-11/enable". Only that line's file is read by a shell, and only
// where software collections are installed: whoever gives away a base must not choose what is run here.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";

/** Where root installs software collections. */
const COLLECTIONS = "/opt/rh";

/** The PATH with that compiler; undefined where the machine's own is meant, or it is not installed. */
export function pathFromPrepareBuild(file: string, collections = COLLECTIONS): string | undefined {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  const text = readFileSync(file, "utf8");
  const [, name] = /^\s*(?:source|\.)\s+\/opt\/rh\/([\w-][\w.-]*)\/enable\s*$/m.exec(text) ?? [];
  const named = `${collections}/${name}/enable`;
  if (name === undefined || !existsSync(named)) return undefined;
  const script = '. "$1" >/dev/null 2>&1; printf %s "$PATH"';
  const { status, stdout } = spawnSync("bash", ["-c", script, "bash", named], { encoding: "utf8" });
  return status === 0 && stdout !== "" ? stdout : undefined;
}
