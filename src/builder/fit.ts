// Checks that the fix fits the running hypervisor: its code must be what the unpatched source compiles
// to, and its memory layout must be the one that the patched code expects.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import { functionsToFind } from "../compare/functions-to-find.ts";
import type { TracedBody } from "../compare/trace.ts";
import type { Atom } from "../diff/atom.ts";
import type { ElfObject } from "../elf/object.ts";
import { judgeLayouts, type LayoutFinding } from "../layout/layout.ts";
import {
  type CompilerComparison,
  compareCompilers,
  compilerFactsOf,
} from "../running/compiler-check.ts";
import { compareWithHypervisor, refuseOtherConfig } from "../running/hypervisor-config.ts";
import type { PayloadBelow, Surroundings } from "../running/payload-below.ts";
import { refuseMismatches } from "../running/run-pre-report.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import { sortFunctions } from "../stacking/fit.ts";
import type { ConfigDifference } from "../xen-make/config.ts";
import { functionsByNewName, type NamesOfFix, type OlderName } from "./names-of-fix.ts";
import { refuseTakenNames } from "./taken-names.ts";
import type { Hypervisor } from "./target.ts";

export interface FitOptions {
  readonly target: Hypervisor;
  readonly config: {
    readonly name: string;
    readonly text: string;
    /** Settings that Xen's make files changed in it. */
    readonly made: readonly ConfigDifference[];
  };
  readonly allowedLayouts: readonly string[];
  /** What the fix is linked against. */
  readonly surroundings: Surroundings;
  /** The lowest first. */
  readonly payloads: readonly PayloadBelow[];
  readonly names: NamesOfFix;
}

export interface Fit {
  readonly compilers: CompilerComparison;
  /** Types that differ, including allowed ones. */
  readonly layouts: readonly LayoutFinding[];
  /** Functions whose compiled code was found in the hypervisor, or in a payload below. */
  readonly compared: number;
  /** All refusals but those of layouts. */
  readonly refusals: readonly BuildRefusal[];
}

/** @throws DwarfError, ElfError */
export function checkFit(objects: readonly ComparedObject[], options: FitOptions): Fit {
  const { target, config, allowedLayouts, payloads, surroundings, names } = options;
  const { xen } = target;
  const compilers = compareAllCompilers(target.object, objects);
  const settings = compareWithHypervisor(xen, config.text, config.made);
  const otherConfig = refuseOtherConfig(settings, { config: config.name, xen });
  const difference =
    likelySetting(settings) ?? (compilers.verdict === "different" ? compilers.text : undefined);
  const layouts = judgeLayouts(
    objects.flatMap(({ layoutChanges }) => layoutChanges),
    allowedLayouts,
  );
  const renamed = functionsByNewName(objects, names);
  let compared = 0;
  const mismatches = objects.flatMap((object) => {
    const functions = functionsOf(object, renamed);
    if (functions.length === 0) return [];
    compared += functions.length;
    const sorted = sortFunctions(object, functions, payloads);
    return [
      ...sorted.refusals,
      ...findMismatches(object, sorted.unpatched, { xen, difference, causes: otherConfig }),
    ];
  });
  const taken = refuseTakenNames(objects, names, surroundings);
  const refusals = [...otherConfig, ...mismatches, ...taken];
  return { compilers, layouts, compared, refusals };
}

/** Functions of the object before the fix on which the fix depends. */
function functionsOf(object: ComparedObject, renamed: readonly OlderName[]): readonly Atom[] {
  const { diff } = object;
  const own = diff.outcome === "unchanged" ? [] : functionsToFind(diff);
  const others = renamed.filter((one) => one.object === object).map(({ atom }) => atom);
  return [...new Set([...own, ...others])];
}

function likelySetting([first, ...others]: readonly ConfigDifference[]): string | undefined {
  if (first === undefined) return undefined;
  return `another configuration: ${first.name}${others.length > 0 ? ` and ${others.length} more` : ""}`;
}

/** Functions of one object whose code in use is the hypervisor's own. */
function findMismatches(
  { pair }: ComparedObject,
  bodies: readonly TracedBody[],
  {
    xen,
    difference,
    causes,
  }: {
    readonly xen: XenSyms;
    readonly difference: string | undefined;
    readonly causes: readonly BuildRefusal[];
  },
): readonly BuildRefusal[] {
  const [first] = bodies;
  if (first === undefined) return [];
  // All belong to one object, without any patch applied.
  const atoms = bodies.map(({ atom }) => atom);
  return refuseMismatches(first.object, atoms, xen, difference).map((found) => ({
    rule: "run-pre",
    what: `function "${found.function}"`,
    where: `${pair.object}, ${xen.source}`,
    reasons: [
      `${found.problem}${sides(found.built, found.running)}`,
      `likely reason: ${found.likely}`,
    ],
    causes: causes.map(({ rule, what }) => ({ rule, what })),
    remedy:
      "give the source, the configuration and the compiler that exactly this hypervisor was built with",
  }));
}

function sides(built: string | undefined, running: string | undefined): string {
  if (built === undefined || running === undefined) return "";
  return `\n  compiled here: ${built}\n  hypervisor:    ${running}`;
}

/** The first object that differs is reported for all; assembly does not record its compiler. */
function compareAllCompilers(
  hypervisor: ElfObject,
  objects: readonly ComparedObject[],
): CompilerComparison {
  const facts = compilerFactsOf(hypervisor);
  const all = objects
    .filter(({ compiler }) => compiler.versions.length > 0)
    .map(({ compiler }) => compareCompilers(facts, compiler));
  const different = all.find(({ verdict }) => verdict === "different");
  return different ?? all[0] ?? { verdict: "unknown", text: "nothing was compiled from C" };
}
