// Problems of how a payload was made: with another compiler, for another build, with sections or
// references that Xen does not treat as intended.

import { ByteReader } from "../bytes/byte-reader.ts";
import { toHex } from "../bytes/hex.ts";
import { contentsOf, findSection } from "../elf/sections.ts";
import {
  ALTERNATIVE_INVERTED,
  ALTERNATIVE_SIZE,
  alternativeLayoutOf,
  readAlternative,
} from "../xen-abi/alternatives.ts";
import { hasFeature } from "../xen-abi/features.ts";
import { SECTION_ALIGNMENT_MAX } from "../xen-abi/limits.ts";
import {
  ALTERNATIVES_SECTION,
  livepatchSections,
  specialTableSections,
} from "../xen-abi/sections.ts";
import { mismarkedBugFrames } from "./bug-markers.ts";
import { lostReferences, truncatedBranches } from "./odd-relocations.ts";
import type { Finding, Rule } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { loadedSections, whereInSection } from "./subject.ts";

export const buildRules = {
  "other-compiler": {
    title: "the payload was compiled by another compiler",
    severity: "hazard",
    what: "The payload says that a compiler made it which is not one of the hypervisor's.",
    why: "Another compiler lays out structures, names parts of functions and inlines in another way: what fits by name need not fit by meaning.",
    remedy: "Build with the hypervisor's own compiler.",
    check: otherCompiler,
  },
  "foreign-alternatives": {
    title: "alternatives have the feature numbers of another build",
    severity: "hazard",
    what: "The payload has alternatives, and was made for another build of the hypervisor, or asks for a CPU feature that this hypervisor never asks for.",
    why: "Each build numbers the features of CPUs by itself, and Xen compares build-ids after it has applied alternatives (before 4.18.4, 4.19.1 and 4.20): the wrong code is chosen, or the host dies of a number that it does not have.",
    remedy: "Build the payload for exactly this hypervisor, or leave alternatives out.",
    check: foreignAlternatives,
  },
  "per-cpu-data": {
    title: "the payload brings a variable of each CPU",
    severity: "hazard",
    what: "The payload has a section of per-CPU data.",
    why: "Xen lays out the areas of CPUs when they come up; a variable of a payload is in none of them, so that each CPU writes somewhere else.",
    remedy: "Use an array with an element for each CPU.",
    check: perCpuData,
  },
  "reference-to-nowhere": {
    title: "a reference to what is not loaded is resolved to a meaningless address",
    severity: "hazard",
    what: "A relocation is against a symbol of an empty section, or of one without SHF_ALLOC.",
    why: "4.8 to 4.14.4, 4.15.0 to 4.15.2 and 4.16.0 give such sections no address, and relocate all the same. Other releases refuse the second kind, and place empty sections.",
    remedy: "Remove empty sections and what refers to them.",
    concerns: (release) =>
      hasFeature(release, "load-hooks") && !hasFeature(release, "keeps-empty-sections"),
    check: lostReferences,
  },
  "truncated-branch": {
    title: "on Arm, a short conditional branch does not reach its target",
    severity: "hazard",
    what: "A tbz or tbnz is relocated to a place that is more than 32 KiB away.",
    why: "Xen checks the distance of such a branch as if it had 19 bits and not 14, and cuts the rest off: it leads somewhere else.",
    remedy: "Put both ends into one section, or branch by b.",
    concerns: (_release, architecture) => architecture === "aarch64",
    check: truncatedBranches,
  },
  "bug-marker": {
    title: "a bug frame points at an instruction that this release does not take for a mark",
    severity: "hazard",
    what: "The instruction at a bug frame's place is not the one by which this release marks them.",
    why: "4.22 marks with d6, older releases with 0f 0b. A WARN becomes a fatal invalid opcode.",
    remedy: "Compile against the headers of this release.",
    concerns: (_release, architecture) => architecture === "x86_64",
    check: mismarkedBugFrames,
  },
  "ignored-section": {
    title: "a section occurs twice, and Xen uses only the first",
    severity: "hazard",
    what: "Two sections have the same name of those that Xen looks up.",
    why: "Xen takes the first one: it ignores entries, hooks or tables in the other.",
    remedy: "Link the payload with ld -r, which joins sections of one name.",
    check: ignoredSections,
  },
  "large-alignment": {
    title: "a section asks for an alignment of more than a page",
    severity: "hazard",
    what: "A loaded section has an alignment above 4096.",
    why: "Xen aligns within the payload's memory, which begins at a page: the section does not lie as its code believes.",
    remedy: "Align to a page at most.",
    check: ({ subject }) =>
      loadedSections(subject)
        .filter(({ alignment }) => alignment > SECTION_ALIGNMENT_MAX)
        .map((section) => ({
          problem: `"${section.name}" asks for ${section.alignment} bytes, and gets a page`,
          where: whereInSection(subject, section),
        })),
  },
} as const satisfies Record<string, Rule>;

function otherCompiler({ subject, hypervisor, before }: CheckedStep): readonly Finding[] {
  const { object } = subject;
  const comment = object && findSection(object, ".comment");
  if (object === undefined || comment === undefined) return [];
  const told = before.textOf("xen_compiler");
  const known = [...hypervisor.facts.compilers(), ...(told === undefined ? [] : [told])];
  if (known.length === 0) return [];
  const ours = new Set(known.map(versionOf));
  const text = contentsOf(object, comment).subarray(0, COMMENT_SIZE_MAX);
  const lines = Buffer.from(text).toString("latin1").split("\0");
  const foreign = [...new Set(lines)].filter((line) => line !== "" && !ours.has(versionOf(line)));
  return foreign.map((line) => ({
    problem: `"${line}" made it, and "${known.join('", "')}" the hypervisor`,
    where: whereInSection(subject, comment),
  }));
}

/** In bytes; far longer than the version text of any compiler. */
const COMMENT_SIZE_MAX = 65536;

/** Without the compiler's own name, which varies: `GCC:`, `x86_64-linux-gnu-gcc`. */
function versionOf(line: string): string {
  const at = line.search(/\(|\d+\.\d/);
  return at < 0 ? line : line.slice(at);
}

/** Features that have the same number in every release, the one of CPUID, in bits. */
const COMMON_FEATURE_COUNT = 9 * 32;

function foreignAlternatives({ subject, hypervisor }: CheckedStep): readonly Finding[] {
  const { object, contents } = subject;
  const table = object && findSection(object, ALTERNATIVES_SECTION);
  if (object === undefined || table === undefined || table.size === 0) return [];
  const where = whereInSection(subject, table);
  const buildId = hypervisor.buildId && toHex(hypervisor.buildId);
  const madeFor = contents?.xenDepends;
  if (madeFor !== undefined && buildId !== undefined && madeFor !== buildId) {
    return [{ problem: `its alternatives are numbered as in build ${madeFor}`, where }];
  }
  const { release, architecture, facts } = hypervisor;
  const layout = alternativeLayoutOf(release, architecture);
  const reader = new ByteReader(contentsOf(object, table), subject.source);
  const unknown = new Set<number>();
  while (reader.offset + ALTERNATIVE_SIZE[layout] <= reader.length) {
    const feature = readAlternative(reader, layout).feature & ~ALTERNATIVE_INVERTED;
    const isOwn = feature < COMMON_FEATURE_COUNT || facts.alternativeFeatures().has(feature);
    if (!isOwn) unknown.add(feature);
  }
  return [...unknown].map((feature) => ({
    problem: `it asks for CPU feature ${feature}, for which this hypervisor never asks`,
    where,
  }));
}

function perCpuData({ subject }: CheckedStep): readonly Finding[] {
  return loadedSections(subject)
    .filter(({ name, size }) => size > 0 && /^\.(bss|data)\.(rel\.)?percpu/.test(name))
    .map((section) => ({
      problem: `"${section.name}" is not in the area of any CPU`,
      where: whereInSection(subject, section),
    }));
}

function ignoredSections({ subject }: CheckedStep): readonly Finding[] {
  const seen = new Set<string>();
  return (subject.object?.sections ?? []).flatMap((section) => {
    const { name } = section;
    const isMeant = livepatchSections.includes(name) || specialTableSections.includes(name);
    if (!isMeant) return [];
    const isSecond = seen.has(name);
    seen.add(name);
    if (!isSecond) return [];
    return [
      { problem: `Xen ignores the second "${name}"`, where: whereInSection(subject, section) },
    ];
  });
}
