// What the author of a payload is warned of when it is linked, one line each.

import type { ComparedObject } from "../../compare/compared-object.ts";
import type { CarriedObject } from "../../diff/carry/carry.ts";
import { sizeOfSection } from "../../elf/draft.ts";
import type { SourceObject } from "../../payload/emit/input.ts";
import { hasMarks, pointerWarnings } from "../../running/landing-marks.ts";
import type { Surroundings } from "../../running/payload-below.ts";
import { hasFeature } from "../../xen-abi/features.ts";
import { compareReleases, formatRelease, type Release } from "../../xen-abi/release.ts";
import { ALTERNATIVES_SECTION } from "../../xen-abi/sections.ts";

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

/** Since Xen marks its functions. */
const IBT_SINCE: Release = { major: 4, minor: 17, point: 0 };

/**
 * Some releases go through tables that are gone after boot when they apply a payload's alternatives on a
 * host that tracks branches, which only the host itself knows. Most code of Xen has alternatives.
 */
export function warnOfAlternatives(
  sources: readonly SourceObject[],
  release: Release,
  xen: Pick<Surroundings, "architecture" | "byName" | "bytesAt">,
): readonly string[] {
  if (xen.architecture !== "x86_64" || compareReleases(release, IBT_SINCE) < 0) return [];
  if (hasFeature(release, "alternatives-safe-with-ibt") || !hasMarks(xen)) return [];
  const isOne = ({ draft }: SourceObject) =>
    draft.sections.some((section) => {
      return section.name === ALTERNATIVES_SECTION && sizeOfSection(section) > 0;
    });
  if (!sources.some(isOne)) return [];
  return [
    `warning: the payload has alternatives: a host with branch tracking (CET-IBT) crashes when Xen ${formatRelease(release)} loads it; such a host needs a later hypervisor first\n`,
  ];
}
