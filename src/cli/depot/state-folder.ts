// Where this machine keeps what it trusts.

import { userInfo } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import type { CommandIo } from "../io.ts";

const ROOT = 0;

/** $XDG_STATE_HOME where it is set; else of the whole machine for root, of the user for others. */
export function trustFolder(env: CommandIo["env"]): string {
  const own = env["XDG_STATE_HOME"];
  if (own !== undefined && isAbsolute(own)) return join(own, "xsplice", "trust");
  const user = userInfo();
  if (user.uid === ROOT) return "/var/lib/xsplice/trust";
  return join(env["HOME"] ?? user.homedir, ".local/state/xsplice/trust");
}

/** Where it notes which payloads were made on it. */
export function madeHereFolder(env: CommandIo["env"]): string {
  return join(dirname(trustFolder(env)), "made");
}
