// The make file that we put beside a scratch copy. It includes Xen's own, so that every variable and
// every rule is Xen's, and adds four goals: make what is generated before the first object; name
// every command up to the last object; name those of the link; make some objects. The first three are
// cut out of Xen's own rule of `$(TARGET)`: its last line builds the hypervisor, the lines before it
// generate headers. So a release that generates more (4.19 does) is followed without our help.
//
// Two kinds of make files are known. Since 4.17 one make runs in xen/ and is told the directory of its
// objects (`$(build)=common common/kernel.o`). Up to 4.16 there is a make in each directory
// (`-f Rules.mk -C common kernel.o`), and the hypervisor is linked in that of the architecture.

import { relative } from "node:path/posix";
import { BuildError } from "../build-outcome/build-error.ts";
import type { CompileUnit } from "./listing.ts";

export const MAKE_FILE = "xsplice.mk";
export const PREPARE_GOAL = "xsplice-prepare";
export const LIST_GOAL = "xsplice-list";
/** Of a tree with the file that prelinkOf() names. */
export const LINK_GOAL = "xsplice-link";
export const OBJECTS_GOAL = "xsplice-objects";

/** Checks that public headers suit other compilers: they cost time and make nothing. */
const checksOnly = ["headers.chk", "headers99.chk", "headers++.chk"];

/** @throws BuildError build/no-source-tree */
export function makeFileFor(xenMakefile: string, units: readonly CompileUnit[] = []): string {
  const rule = cutTargetRule(xenMakefile);
  if (rule.kind === "one make") {
    return [...goalsOf(rule), ...objectRules(units, rule.kind), ""].join("\n");
  }
  // What the make of the architecture exports, those of the directories need: without XEN_BUILD_EFI
  // there is no rule for efi/boot.init.o. So it reads this file as well, behind Rules.mk.
  return [
    "ifneq ($(filter %Rules.mk,$(MAKEFILE_LIST)),)",
    ...objectRules(units, rule.kind),
    "else",
    ...goalsOf(rule),
    `${OBJECTS_GOAL}: FORCE`,
    `\t$(Q)$(MAKE) -f $(BASEDIR)/Rules.mk -f $(abspath $(firstword $(MAKEFILE_LIST))) -C arch/$(TARGET_ARCH) $@`,
    "endif",
    "",
  ].join("\n");
}

function goalsOf({ kind, prerequisites, generating, building }: TargetRule): readonly string[] {
  const isOne = kind === "one make";
  const skipChecks = checksOnly.map((name) => ` -o ${isOne ? "include/" : ""}${name}`).join("");
  const prepare = generating.map((line) => line.replaceAll("$(MAKE)", `$(MAKE)${skipChecks}`));
  return [
    "include Makefile",
    // There it stands in Rules.mk only, which each make of a directory reads first.
    ...(isOne ? [] : [".PHONY: FORCE", "FORCE:"]),
    `${PREPARE_GOAL}: ${prerequisites}`,
    ...prepare,
    `${LIST_GOAL}: FORCE`,
    building.replace("$@", "prelink.o"),
    `${LINK_GOAL}: FORCE`,
    building
      .replace("$@", isOne ? "$(TARGET)" : "$(BASEDIR)/xen")
      .replaceAll("$(MAKE)", "$(MAKE) -o prelink.o"),
  ];
}

/**
 * The file that the hypervisor is linked from, below `xen/`.
 * @throws BuildError build/no-source-tree
 */
export function prelinkOf(xenMakefile: string, architecture: "x86" | "arm"): string {
  const { kind } = cutTargetRule(xenMakefile);
  return kind === "one make" ? "prelink.o" : `arch/${architecture}/prelink.o`;
}

/** One goal for each directory's objects, so that make works on several directories at once. */
function objectRules(units: readonly CompileUnit[], kind: TargetRule["kind"]): string[] {
  const folders = new Map<string, string[]>();
  for (const { makeFolder, object } of units) {
    folders.set(makeFolder, [...(folders.get(makeFolder) ?? []), object]);
  }
  const rules = [...folders].map(([folder, objects], index) => {
    const goal = `${OBJECTS_GOAL}-${index}`;
    const rule =
      kind === "one make"
        ? `tools_fixdep FORCE\n\t$(Q)$(MAKE) $(build)=${folder} ${objects.join(" ")}`
        : `FORCE\n\t$(Q)$(MAKE) -f $(BASEDIR)/Rules.mk -C $(BASEDIR)/${folder} ${objects.map((object) => relative(folder, object)).join(" ")}`;
    return { goal, text: `${goal}: ${rule}` };
  });
  const goals = rules.map(({ goal }) => goal);
  return [`${OBJECTS_GOAL}: ${goals.join(" ")}`, ...rules.map(({ text }) => text)];
}

interface TargetRule {
  readonly kind: "one make" | "a make in each directory";
  readonly prerequisites: string;
  /** Recipe lines with their tab; continued ones are one line here. */
  readonly generating: readonly string[];
  readonly building: string;
}

function cutTargetRule(xenMakefile: string): TargetRule {
  const rule = /^\$\(TARGET\):([^\n]*)\n((?:\t(?:[^\n]*\\\n)*[^\n]*\n)+)/m.exec(xenMakefile);
  const lines = rule?.[2]?.match(/\t(?:[^\n]*\\\n)*[^\n]*/g) ?? [];
  const building = lines.at(-1);
  const kind = building === undefined ? undefined : kindOf(building);
  const release = versionIn(xenMakefile);
  const isTried = !/^4\.([0-9]|1[0-3])$/.test(release);
  if (building !== undefined && kind !== undefined && isTried) {
    return {
      kind,
      prerequisites: rule?.[1]?.trim() ?? "",
      generating: lines.slice(0, -1),
      building,
    };
  }
  throw new BuildError({
    code: "build/no-source-tree",
    problem: `Cannot build from this source: ${isTried ? "its make files are not of a known kind" : "it is older than all that were tried"}`,
    where: `the rule of $(TARGET) in xen/Makefile of Xen ${release}`,
    expected: "Xen 4.14 or later",
    remedy: "write the fix as a C file of its own, and use: xsplice compile",
  });
}

function versionIn(xenMakefile: string): string {
  const numbers = ["XEN_VERSION", "XEN_SUBVERSION"].map((name) => {
    return new RegExp(`${name}\\s*:?=\\s*(\\d+)`).exec(xenMakefile)?.[1] ?? "?";
  });
  return numbers.join(".");
}

function kindOf(building: string): TargetRule["kind"] | undefined {
  if (building.includes("$(build)=") && building.includes("ALL_OBJS")) return "one make";
  const isOfDirectory = /-f \$\(BASEDIR\)\/Rules\.mk -C arch\/\$\(TARGET_ARCH\) \$@/.test(building);
  return isOfDirectory ? "a make in each directory" : undefined;
}
