// Where a lab's sockets, log and process ids lie while it runs. Short paths: a Unix socket's
// address holds 107 bytes.

import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { LabError } from "./errors.ts";

const SOCKET_PATH_MAX = 107;
const LONGEST_NAME = "/lab-XXXXXX/agent-0.sock";
const PREFIX = "lab-";

/** Makes the run folder of a new lab; its owner is this user, nobody else may look in. */
export function makeRunFolder(): string {
  const parent = runFolders();
  for (let attempt = 0; ; attempt++) {
    try {
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      requireOwn(parent);
      return mkdtempSync(join(parent, PREFIX));
    } catch (error) {
      // The last lab to end removes the parent, perhaps between the two calls.
      const vanished = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (!vanished || attempt >= 10) throw error;
    }
  }
}

/** The run folders of all labs of this user. */
export function listRunFolders(): string[] {
  const parent = runFolders();
  try {
    const names = readdirSync(parent).filter((name) => name.startsWith(PREFIX));
    return names.map((name) => join(parent, name));
  } catch {
    return [];
  }
}

function runFolders(): string {
  const name = `xsplice-${userInfo().uid}`;
  const candidates = [process.env["XDG_RUNTIME_DIR"], tmpdir(), "/tmp"];
  const fitting = candidates.find(
    (folder) =>
      folder?.startsWith("/") &&
      `${folder}/${name}${LONGEST_NAME}`.length <= SOCKET_PATH_MAX &&
      lstatSync(folder, { throwIfNoEntry: false }) !== undefined,
  );
  return join(fitting ?? "/tmp", name);
}

/** /tmp is everybody's: a folder that somebody else made there is not used. */
function requireOwn(folder: string): void {
  const status = lstatSync(folder);
  if (status.uid !== userInfo().uid || !status.isDirectory()) {
    throw new LabError({
      code: "lab/build-failed",
      problem: `Cannot keep the sockets of a lab in "${folder}": it belongs to somebody else`,
      remedy: "remove it, or set XDG_RUNTIME_DIR to a folder of your own",
    });
  }
  if ((status.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}
