// The information about a running lab for other processes: one file in its run directory.

import { join } from "node:path";
import * as v from "valibot";
import { readKept } from "../files/read-kept.ts";
import { writeWhole } from "../files/write-whole.ts";
import type { Described } from "../json/decode-json.ts";
import { LabError, type LabErrorCode } from "./errors.ts";
import { type LabInfo, labInfoSchema } from "./lab-info.ts";
import { listRunFolders } from "./run-folder.ts";

const FORMAT = 1;
const FILE = "lab.json";

const labFileSchema = v.object({
  info: labInfoSchema,
  lifetime: v.picklist(["owned", "detached"]),
  startedAt: v.string(),
});
export type LabFile = Described<typeof labFileSchema>;

const storedSchema = v.object({ format: v.literal(FORMAT), ...labFileSchema.entries });

export function writeLabFile(info: LabInfo, lifetime: LabFile["lifetime"]): void {
  const content: LabFile = { info, lifetime, startedAt: new Date().toISOString() };
  const text = JSON.stringify({ format: FORMAT, ...content });
  // Not synced to disk, because no lab survives a power cut.
  writeWhole(join(info.folder, FILE), text, { survives: "death of the process" });
}

/** `undefined` when the lab is not up yet, or is ending. */
export function readLabFile(folder: string): LabFile | undefined {
  const stored = readKept(join(folder, FILE), storedSchema);
  if (stored === undefined) return undefined;
  const { info, lifetime, startedAt } = stored;
  // Where it was found: what is removed with a lab does not go by what a file says.
  return { info: { ...info, folder }, lifetime, startedAt };
}

/**
 * The wanted name, or the first free of lab-1, lab-2, …
 * @throws LabError lab/name-taken, lab/bad-argument when it is not a name
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
      "it is not a plain word of at most 31 letters, digits, dots and dashes",
    );
  }
  if (taken.has(wanted))
    throw badName("lab/name-taken", wanted, "there is one of this name already");
  return wanted;
}

function badName(code: LabErrorCode, name: string, why: string): LabError {
  return new LabError({
    code,
    problem: `Cannot name a lab "${name}": ${why}`,
    remedy: "choose another name, or see which labs there are: xsplice lab list",
  });
}
