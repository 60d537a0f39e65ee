// The objects of Xen's library, lib.a. The linker takes only those that something refers to, so a
// hypervisor lacks functions that its source has. Compiled from the unpatched source, once for each
// base.

import { join } from "node:path";
import type { Base } from "../xen-make/base.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { findObject, requireObject } from "../xen-make/objects/kept-objects.ts";
import { makeWorkFolder, WORKING_COPIES } from "../xen-make/scratch-tree.ts";
import { compileBefore } from "./compile.ts";
import type { ObjectPair } from "./object-pair.ts";

/** By where Xen keeps them; some there are always linked. */
export function isOfLibrary(object: string): boolean {
  return /(^|\/)lib\//.test(object);
}

/**
 * Each as one that the hypervisor does not have.
 * @throws BuildError build/make-failed; the reason of `signal`
 */
export async function compileLibrary(base: Base, run: MakeRun): Promise<readonly ObjectPair[]> {
  const units = base.listing.units.filter(({ object }) => isOfLibrary(object));
  const missing = units.filter(({ object }) => findObject(base.folder, object) === undefined);
  if (missing.length > 0) {
    run.onProgress("compiling the library, for what the hypervisor did not need of it so far");
    using work = makeWorkFolder(join(base.folder, WORKING_COPIES));
    await compileBefore({ base, work: work.path, missing }, run);
  }
  return units.flatMap(({ object, compiles }) => {
    const { bytes, command, dependencies } = requireObject(base.folder, object);
    const sources = compiles.map(({ source }) => source);
    return {
      object,
      sources,
      before: undefined,
      levels: [undefined],
      after: bytes,
      command,
      dependencies,
    };
  });
}
