// The make file that we put beside a scratch copy. It includes Xen's own, so that every variable and
// every rule is Xen's, and adds four goals: make what is generated before the first object; name
// every command up to the last object; name those of the link; make some objects. The first three are
// cut out of Xen's own rule of `$(TARGET)`: its last line builds the hypervisor, the lines before it
// generate headers. So a release that generates more (4.19 does) is followed without our help.

import { BuildError } from "../build-outcome/build-error.ts";
import type { CompileUnit } from "./listing.ts";

export const MAKE_FILE = "xsplice.mk";
export const PREPARE_GOAL = "xsplice-prepare";
export const LIST_GOAL = "xsplice-list";
/** Of a tree with a file `prelink.o`. */
export const LINK_GOAL = "xsplice-link";
export const OBJECTS_GOAL = "xsplice-objects";

/** Checks that public headers suit other compilers: they cost time and make nothing. */
const checksOnly = ["headers.chk", "headers99.chk", "headers++.chk"];

/** @throws BuildError build/no-source-tree */
export function makeFileFor(xenMakefile: string, units: readonly CompileUnit[] = []): string {
  const { prerequisites, generating, building } = cutTargetRule(xenMakefile);
  const skipChecks = checksOnly.map((name) => ` -o include/${name}`).join("");
  const prepare = generating.map((line) => line.replaceAll("$(MAKE)", `$(MAKE)${skipChecks}`));
  return [
    "include Makefile",
    `${PREPARE_GOAL}: ${prerequisites}`,
    ...prepare,
    `${LIST_GOAL}: FORCE`,
    building.replace("$@", "prelink.o"),
    `${LINK_GOAL}: FORCE`,
    building.replace("$@", "$(TARGET)").replaceAll("$(MAKE)", "$(MAKE) -o prelink.o"),
    ...objectRules(units),
    "",
  ].join("\n");
}

/** One goal for each directory's objects, so that make works on several directories at once. */
function objectRules(units: readonly CompileUnit[]): string[] {
  const folders = new Map<string, string[]>();
  for (const { makeFolder, object } of units) {
    folders.set(makeFolder, [...(folders.get(makeFolder) ?? []), object]);
  }
  const rules = [...folders].map(([folder, objects], index) => {
    const goal = `${OBJECTS_GOAL}-${index}`;
    const text = `${goal}: tools_fixdep FORCE\n\t$(Q)$(MAKE) $(build)=${folder} ${objects.join(" ")}`;
    return { goal, text };
  });
  const goals = rules.map(({ goal }) => goal);
  return [`${OBJECTS_GOAL}: ${goals.join(" ")}`, ...rules.map(({ text }) => text)];
}

interface TargetRule {
  readonly prerequisites: string;
  /** Recipe lines with their tab; continued ones are one line here. */
  readonly generating: readonly string[];
  readonly building: string;
}

function cutTargetRule(xenMakefile: string): TargetRule {
  const rule = /^\$\(TARGET\):([^\n]*)\n((?:\t(?:[^\n]*\\\n)*[^\n]*\n)+)/m.exec(xenMakefile);
  const lines = rule?.[2]?.match(/\t(?:[^\n]*\\\n)*[^\n]*/g) ?? [];
  const building = lines.at(-1);
  if (building?.includes("$(build)=") && building.includes("ALL_OBJS")) {
    return {
      prerequisites: rule?.[1]?.trim() ?? "",
      generating: lines.slice(0, -1),
      building,
    };
  }
  throw new BuildError({
    code: "build/no-source-tree",
    problem: "Cannot build from this source: its make files are not of a known kind",
    where: "xen/Makefile, the rule of $(TARGET)",
    expected: "Xen 4.17 or later; up to 4.16 the make files were others",
    remedy: "write the fix as a C file of its own, and use: xsplice compile",
  });
}
