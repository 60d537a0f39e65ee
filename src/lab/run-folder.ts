// The directory of a running lab's sockets, log and process ids. Its path is short, because the address
// of a Unix socket has at most 107 bytes.

import { chmodSync, existsSync, lstatSync, readdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type ClaimedFolder, claimFolder } from "../files/claimed-folder.ts";
import { makeFolder, stateOfUnmade } from "../files/make-folder.ts";
import { whyNotOurs } from "../files/own-folder.ts";
import { isPlainPath } from "../files/temporary-folder.ts";
import { codeOfSystemError } from "../system-state.ts";
import { LabError } from "./errors.ts";

const SOCKET_PATH_MAX = 107;
const LONGEST_NAME = "/lab-XXXXXX/agent-0.sock";
const PREFIX = "lab-";

/**
 * Creates and locks the run directory of a new lab; a held lock means that the lab is running. Only
 * this user may read it.
 */
export function makeRunFolder(): ClaimedFolder {
  const parent = runFolders();
  for (let attempt = 0; ; attempt++) {
    try {
      makeFolder(parent, 0o700);
      requireOwn(parent);
      return claimFolder(parent, PREFIX);
    } catch (error) {
      // The last lab to end may remove the parent between the two calls.
      const vanished = codeOfSystemError(error) === "ENOENT";
      if (!vanished || attempt >= 10) throw cannotMake(parent, error);
    }
  }
}

function cannotMake(folder: string, cause: unknown): unknown {
  if (codeOfSystemError(cause) === undefined) return cause;
  const report = {
    code: "lab/build-failed",
    problem: `Cannot keep the sockets of a lab in "${folder}": ${stateOfUnmade(cause)}`,
    remedy: "set XDG_RUNTIME_DIR to a directory that you may write to",
  } as const;
  return new LabError(report, { cause });
}

/**
 * The run directories of all labs of this user.
 * @throws LabError lab/build-failed when another user can have put them there
 */
export function listRunFolders(): string[] {
  const parent = runFolders();
  if (lstatSync(parent, { throwIfNoEntry: false }) === undefined) return [];
  requireOwn(parent);
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
      isPlainPath(folder) &&
      `${folder}/${name}${LONGEST_NAME}`.length <= SOCKET_PATH_MAX &&
      existsSync(folder),
  );
  return join(fitting ?? "/tmp", name);
}

/** /tmp is shared: a directory to which others can write is not used, and nothing in it is removed. */
function requireOwn(folder: string): void {
  const status = lstatSync(folder);
  const state = status.isDirectory() ? whyNotOurs(status) : "it is not a directory";
  if (state !== undefined) {
    throw new LabError({
      code: "lab/build-failed",
      problem: `Cannot keep the sockets of a lab in "${folder}": ${state}`,
      expected: "a directory of this user, to which nobody else may write",
      remedy: "remove it, or set XDG_RUNTIME_DIR to a directory of your own",
    });
  }
  if ((status.mode & 0o077) !== 0 && status.uid === userInfo().uid) chmodSync(folder, 0o700);
}
