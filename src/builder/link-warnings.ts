// What the author of a payload is warned of when it is linked, one line each.

import type { ComparedObject } from "../compare/compared-object.ts";
import type { CarriedObject } from "../diff/carry/carry.ts";
import type { SourceObject } from "../payload/emit/input.ts";
import { pointerWarnings } from "../running/landing-marks.ts";
import type { Surroundings } from "../running/payload-below.ts";

export function warnOfPointers(
  sources: readonly SourceObject[],
  replacements: CarriedObject["replacements"],
  surroundings: Surroundings,
): readonly string[] {
  const drafts = sources.map(({ draft }) => draft);
  const replaced = replacements.flatMap(({ oldName, newBody }) => {
    const xenFunction = surroundings.byName.get(oldName);
    return xenFunction === undefined ? [] : [{ newBody, xenFunction }];
  });
  return pointerWarnings(drafts, replaced, surroundings);
}

/** Nothing to compare: Xen keeps its own constant, and only this payload reads the copy. */
export function warnOfCopies(objects: readonly ComparedObject[]): readonly string[] {
  const copies = objects.flatMap(({ diff: { carried } }) =>
    [...carried].flatMap(([atom, as]) => (as === "copy" ? [atom.name] : [])),
  );
  return copies.map(
    (name) =>
      `warning: "${name}" is carried as a changed copy: another independent payload whose code starts to read it would read the hypervisor's old value; build that payload with --on\n`,
  );
}
