// What other processes may know of a running lab: one file in its run folder.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, type LabErrorCode } from "./errors.ts";
import type { LabInfo } from "./lab.ts";
import { listRunFolders } from "./run-folder.ts";

const FORMAT = 1;
const FILE = "lab.json";

export interface LabFile {
  readonly info: LabInfo;
  readonly lifetime: "owned" | "detached";
  readonly startedAt: string;
}

export function writeLabFile(info: LabInfo, lifetime: LabFile["lifetime"]): void {
  const content: LabFile = { info, lifetime, startedAt: new Date().toISOString() };
  const path = join(info.folder, FILE);
  writeFileSync(`${path}.new`, JSON.stringify({ format: FORMAT, ...content }));
  renameSync(`${path}.new`, path);
}

export function readLabFile(folder: string): LabFile | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(join(folder, FILE), "utf8"));
    // The folder is this user's own, and only writeLabFile() writes there.
    if (typeof content !== "object" || content === null) return undefined;
    if (!("format" in content) || content.format !== FORMAT) return undefined;
    return content as unknown as LabFile;
  } catch {
    return undefined; // Not up yet, or just ending.
  }
}

/**
 * The wanted name, or the first free of lab-1, lab-2, …
 * @throws LabError lab/name-taken, lab/bad-argument when it is no name
 */
export function chooseName(wanted: string | undefined): string {
  const taken = new Set(listRunFolders().map((folder) => readLabFile(folder)?.info.name));
  if (wanted === undefined) {
    let number = 1;
    while (taken.has(`lab-${number}`)) number++;
    return `lab-${number}`;
  }
  if (!/^[A-Za-z0-9][\w.-]{0,30}$/.test(wanted)) {
    throw badName(
      "lab/bad-argument",
      wanted,
      "it is no plain word of at most 31 letters, digits, dots and dashes",
    );
  }
  if (taken.has(wanted))
    throw badName("lab/name-taken", wanted, "there is one of this name already");
  return wanted;
}

function badName(code: LabErrorCode, name: string, why: string): LabError {
  return new LabError({
    code,
    problem: `Cannot call a lab "${name}": ${why}`,
    remedy: "choose another name, or see which labs there are: xsplice lab list",
  });
}
