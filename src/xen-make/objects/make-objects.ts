// Compiles objects in a working copy as Xen's own make files do, and takes out what was made.

import { join } from "node:path";
import { extraFlagsFor } from "../base.ts";
import { readRecord } from "../dependencies.ts";
import type { CompileUnit, Listing } from "../listing.ts";
import { MAKE_FILE, makeFileFor, OBJECTS_GOAL } from "../recipe.ts";
import { type MakeResult, runMake } from "../run.ts";
import { readMade, requireMade } from "../sandbox/made-file.ts";
import { replaceFile } from "../scratch-tree.ts";
import { compileDirectly, findDirectRecord, type ObjectsRequest } from "./direct.ts";
import type { MadeObject } from "./kept-objects.ts";

/** What make says, if it had to be run; the objects are there when it ended with 0. */
export async function makeObjects(request: ObjectsRequest): Promise<MakeResult> {
  const left = await compileDirectly(request);
  if (left.length === 0) return { exitCode: 0, stdout: "", stderr: "" };
  request.beforeMake?.();
  return makeByMake({ ...request, units: left });
}

async function makeByMake({ tree, units, ...run }: ObjectsRequest): Promise<MakeResult> {
  const makefile = readMade(join(tree, "xen/Makefile"))?.toString("latin1") ?? "";
  // A new file: the one of the base is linked or copied, and its rules are for other objects.
  const makeFile = `objects-${MAKE_FILE}`;
  replaceFile(tree, makeFile, makeFileFor(makefile, units));
  return runMake({
    ...run,
    tree,
    goals: [OBJECTS_GOAL],
    makeFile: `../${makeFile}`,
    variables: [`EXTRA_CFLAGS_XEN_CORE=${extraFlagsFor(tree)}`],
  });
}

/** What was made of a unit. */
export function takeObject(
  tree: string,
  unit: CompileUnit,
  aliases: Listing["aliases"],
): MadeObject {
  const xen = join(tree, "xen");
  const records = unit.compiles.map(
    (compile) => findDirectRecord(tree, compile, aliases) ?? readRecord(xen, compile, aliases),
  );
  return {
    bytes: requireMade(join(xen, unit.object), unit.object),
    // Without the place of this copy, which is gone when somebody reads it.
    command: records.map(({ command }) => command.replaceAll(`${tree}/`, "")).join("\n"),
    dependencies: [...new Set(records.flatMap(({ dependencies }) => dependencies))].sort(),
  };
}
