// Whether the same compiler, with the same options, built the hypervisor and the objects of this build.
// The run-pre check (run-pre.ts) finds differences in the code; this explains them.

import { DwarfAttribute } from "../dwarf/constants.ts";
import type { DebugEntry } from "../dwarf/entry.ts";
import { textOf } from "../dwarf/model.ts";
import { readUnitRoots } from "../dwarf/read.ts";
import type { ElfObject } from "../elf/object.ts";
import { contentsOf, findSection } from "../elf/sections.ts";

export interface CompilerFacts {
  /** From .comment: `GCC: (Debian 12.2.0-14+deb12u1) 12.2.0`, one for each compiler used. */
  readonly versions: readonly string[];
  /** Of the debug information: version and flags of the C compiler, for each unit once. */
  readonly producers: readonly string[];
}

export interface CompilerComparison {
  /** `unknown`: one side has no such information. */
  readonly verdict: "same" | "different" | "unknown";
  /** For people; a whole sentence. */
  readonly text: string;
}

/** `units` are those of the object, if they are known. @throws DwarfError */
export function compilerFactsOf(
  object: ElfObject,
  units: readonly DebugEntry[] = readUnitRoots(object),
): CompilerFacts {
  const comment = findSection(object, ".comment");
  const text = comment === undefined ? "" : Buffer.from(contentsOf(object, comment)).toString();
  const producers = units
    .map((root) => textOf(root, DwarfAttribute.DW_AT_producer) ?? "")
    .filter((producer) => !producer.startsWith("GNU AS") && producer !== "");
  return {
    versions: [...new Set(text.split("\0").filter((line) => line !== ""))],
    producers: [...new Set(producers)],
  };
}

/** Each compiler and each set of flags of the build must be one of the hypervisor's. */
export function compareCompilers(
  hypervisor: CompilerFacts,
  build: CompilerFacts,
): CompilerComparison {
  const known = hypervisor.versions.length > 0 && build.versions.length > 0;
  const foreign = build.versions.filter((version) => !hypervisor.versions.includes(version));
  if (known && foreign.length > 0) {
    const text = `the hypervisor was compiled by ${hypervisor.versions.join(" and ")}, this build by ${foreign.join(" and ")}`;
    return { verdict: "different", text };
  }
  const flags = flagDifference(hypervisor.producers, build.producers);
  if (flags !== undefined) return { verdict: "different", text: flags };
  if (!known) {
    const silent =
      hypervisor.versions.length > 0 ? "the objects of this build do" : "xen-syms does";
    return { verdict: "unknown", text: `${silent} not say which compiler made it` };
  }
  const unseen =
    hypervisor.producers.length === 0 ? "; with which flags, xen-syms does not say" : "";
  return {
    verdict: "same",
    text: `both were compiled by ${build.versions.join(" and ")}${unseen}`,
  };
}

/** Undefined when no relevant difference exists, or one side has no debug information. */
function flagDifference(
  hypervisor: readonly string[],
  build: readonly string[],
): string | undefined {
  const all = hypervisor.map(flagsThatMatter);
  const first = all[0];
  if (first === undefined) return undefined;
  for (const flags of build.map(flagsThatMatter)) {
    if (all.some((candidate) => isSame(candidate, flags))) continue;
    // The hypervisor's most similar one, so that only relevant differences are reported.
    const nearest = all.reduce((best, candidate) => {
      return distance(candidate, flags) < distance(best, flags) ? candidate : best;
    }, first);
    const lacks = [...nearest].filter((flag) => !flags.has(flag));
    const adds = [...flags].filter((flag) => !nearest.has(flag));
    return `the hypervisor was compiled with ${lacks.join(" ") || "nothing"} where this build has ${adds.join(" ") || "nothing"}`;
  }
  return undefined;
}

/** What affects code: version, optimization, machine; not warnings, paths or debugging. */
function flagsThatMatter(producer: string): ReadonlySet<string> {
  const words = producer.split(/\s+/);
  const version = words.filter((word) => !word.startsWith("-")).join(" ");
  const flags = words.filter((word) => /^-(O|m|f|std=)/.test(word));
  const silent = /^-f(diagnostics|message-length|(debug|macro|file)-prefix-map|debug|verbose-asm)/;
  return new Set([version, ...flags.filter((flag) => !silent.test(flag))]);
}

function isSame(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return distance(left, right) === 0;
}

function distance(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  const onlyLeft = [...left].filter((word) => !right.has(word)).length;
  return onlyLeft + [...right].filter((word) => !left.has(word)).length;
}
