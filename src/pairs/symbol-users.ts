// Finds the objects of the unpatched hypervisor that refer to a global symbol: exactly, by the
// undefined symbols of all objects. This compiles every object of the source once for each base, so it
// is only used where a payload may depend on the result.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { openElf } from "../elf/open.ts";
import { readKept } from "../files/read-kept.ts";
import { writeWhole } from "../files/write-whole.ts";
import type { Described } from "../json/decode-json.ts";
import type { Base } from "../xen-make/base.ts";
import type { CompileUnit } from "../xen-make/listing.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { findObject, requireObject } from "../xen-make/objects/kept-objects.ts";
import { makeWorkFolder, WORKING_COPIES } from "../xen-make/scratch-tree.ts";
import { compileBefore } from "./compile.ts";

/** By object: the names that it takes from others. */
const usersSchema = v.record(v.string(), v.array(v.string()));
export type SymbolUsers = Described<typeof usersSchema>;

/** Objects that are compiled between two looks at ^C and two words of progress. */
const AT_ONCE = 40;

/** @throws BuildError build/make-failed; the reason of `signal` */
export async function findSymbolUsers(base: Base, run: MakeRun): Promise<SymbolUsers> {
  const place = join(base.folder, "symbol-users.json");
  const { units } = base.listing;
  const known = readKept(place, usersSchema);
  if (known !== undefined && units.every(({ object }) => object in known)) return known;
  const missing = units.filter(({ object }) => findObject(base.folder, object) === undefined);
  using work = makeWorkFolder(join(base.folder, WORKING_COPIES));
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    run.onProgress(
      `compiling all objects, to see who refers to what changed (once for this source): ${at}/${missing.length}`,
    );
    await compileSome(base, missing.slice(at, at + AT_ONCE), join(work.path, `${at}`), run);
  }
  const users = Object.fromEntries([
    ...units.map(({ object }) => [object, takenNames(base, object)] as const),
    ...linkerScripts(base).map(({ path, text }) => [path, text.match(/\w+/g) ?? []] as const),
  ]);
  writeWhole(place, JSON.stringify(users));
  return users;
}

async function compileSome(
  base: Base,
  missing: readonly CompileUnit[],
  work: string,
  run: MakeRun,
): Promise<void> {
  mkdirSync(work);
  await compileBefore({ base, work, missing }, run);
  rmSync(work, { recursive: true, force: true });
}

/** Every word of them may be a symbol. */
function linkerScripts({
  tree,
}: Base): readonly { readonly path: string; readonly text: string }[] {
  const folder = join(tree, "xen/arch");
  return readdirSync(folder)
    .map((name) => join("arch", name, "xen.lds.S"))
    .filter((path) => existsSync(join(tree, "xen", path)))
    .map((path) => ({ path, text: readFileSync(join(tree, "xen", path), "latin1") }));
}

function takenNames({ folder }: Base, object: string): readonly string[] {
  return openElf(requireObject(folder, object).bytes, object)
    .symbols.filter(({ place, name }) => place.kind === "undefined" && name !== "")
    .map(({ name }) => name);
}
