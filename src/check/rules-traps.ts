// Contents of a payload's file that crash a hypervisor: ABI reference §8.2. The ids are those of the
// model's traps. If the model crashes, it is a crash here; a pattern in the file shows harm that the
// model cannot confirm, or that affects hosts of other releases.

import { SectionFlag } from "../elf/constants.ts";
import type { Section } from "../elf/object.ts";
import { hasFeature } from "../xen-abi/features.ts";
import { compareReleases, type Release } from "../xen-abi/release.ts";
import {
  ALTERNATIVES_SECTION,
  livepatchSections,
  MODINFO_SECTION,
  specialTableSections,
} from "../xen-abi/sections.ts";
import type { Finding, Rule } from "./rule.ts";
import { type CheckedStep, refusalOf } from "./step.ts";
import { whereInSection } from "./subject.ts";
import { trapRule } from "./trap-rule.ts";

function has(version: "payload-version-2"): (release: Release) => boolean {
  return (release) => hasFeature(release, version);
}

function isLoaded({ flags }: Section): boolean {
  return (flags & SectionFlag.SHF_ALLOC) !== 0n;
}

/** A place and a problem for each affected section. */
function eachSection(
  { subject }: CheckedStep,
  isMeant: (section: Section) => boolean,
  problem: (section: Section) => string,
): readonly Finding[] {
  return (subject.object?.sections.slice(1) ?? []).filter(isMeant).map((section) => ({
    problem: problem(section),
    where: whereInSection(subject, section),
  }));
}

const readByName = new Set([...livepatchSections, ...specialTableSections]);

export const fileTrapRules = {
  "section-not-loaded": trapRule("section-not-loaded", {
    what: "A section that Xen looks up by its name has no SHF_ALLOC flag.",
    why: "Only sections with the flag get an address. Releases before 4.18.4, 4.19.1 and 4.20 follow a null pointer and die; later ones read the uploaded file after they have freed it.",
    remedy: "Set the flag: objcopy --set-section-flags NAME=alloc,readonly.",
    pattern: (step) =>
      eachSection(
        step,
        (section) => readByName.has(section.name) && !isLoaded(section),
        ({ name }) => `Xen reads "${name}", which it does not load`,
      ),
  }),
  "zero-alignment": trapRule("zero-alignment", {
    what: "A loaded section has sh_addralign 0.",
    why: "Xen's arithmetic of placement gives offset 0 for it: the section overwrites those placed before it, and the size of the region starts over, so the copy can run past its end. Empty sections do the same on 4.17 and later.",
    remedy: "Give every loaded section an alignment of at least 1.",
    pattern: (step) =>
      eachSection(
        step,
        (section) => isLoaded(section) && section.alignment === 0,
        ({ name }) => `Xen places "${name}" over sections that it placed before`,
      ),
  }),
  "empty-metadata": trapRule("empty-metadata", {
    what: 'The payload has an empty ".modinfo".',
    why: "Xen looks at its last byte, at index -1 of an unsigned number, 4 GiB after its start.",
    remedy: "Leave the section out, or put at least one NUL into it.",
    reach: "any-host",
    concerns: has("payload-version-2"),
    pattern: (step) =>
      eachSection(
        step,
        ({ name, size }) => name === MODINFO_SECTION && size === 0,
        () => "Xen reads 4 GiB past the empty metadata",
      ),
  }),
  "null-symbol": trapRule("null-symbol", {
    what: "A relocation is against symbol 0.",
    why: "Releases without a check follow a null pointer; all others refuse the payload.",
    remedy: "Make the payload with tools that give every relocation a symbol.",
    reach: "any-host",
    concerns: (release) => !hasFeature(release, "refuses-null-symbol"),
    pattern: refusedFor("relocations/symbol", 95, "a relocation is against symbol 0"),
  }),
  "null-section": trapRule("null-section", {
    what: "A link of a section header leads to section 0: the symbols' names, or the section that relocations are for.",
    why: "Xen keeps no header of section 0, and follows the null pointer. No release checks it.",
    remedy: "Make the payload again; no linker writes this.",
  }),
  "section-size-wraps": trapRule("section-size-wraps", {
    what: "Offset and size of a section add up to more than 64 bits hold.",
    why: "The sum wraps around and passes the check against the file's length; the copy does not stop there.",
    remedy: "Make the payload again; no linker writes this.",
  }),
  "alternatives-check": trapRule("alternatives-check", {
    what: "An alternative is longer than what it replaces, or asks for a CPU feature that does not exist.",
    why: "Releases up to 4.18.3 and 4.19.0 treat it as a bug in Xen and stop the host, before they compare build-ids; later ones refuse the payload.",
    remedy: "Leave alternatives out, or build for exactly this hypervisor.",
    reach: "any-host",
    concerns: (release, architecture) =>
      architecture === "x86_64" && !hasFeature(release, "returns-alternatives-errors"),
    pattern: (step) => [
      ...refusedFor("tables/alternatives", 28, "an alternative is too long")(step),
      ...refusedFor("tables/alternatives", 34, "an alternative is for no feature")(step),
    ],
  }),
  "alternatives-outside": trapRule("alternatives-outside", {
    what: "The original of an alternative, or its replacement, lies outside of the payload: before it, after it, or in the hypervisor.",
    why: "Up to 4.17.3 Xen does not check where the offsets of an alternative lead; it reads and writes there. Later releases compare, but leave out the padding after an original.",
    remedy:
      "Make the payload again; a linker writes this only for alternatives of code that is not in the payload.",
    reach: "any-host",
  }),
  "alternatives-length": trapRule("alternatives-length", {
    what: "On Arm, the replacement of an alternative has another length than the original.",
    why: "Xen on Arm treats it as a bug in Xen and stops the host. No release checks it.",
    remedy: "Leave alternatives out.",
    reach: "any-host",
    concerns: (_release, architecture) => architecture === "aarch64",
  }),
  "alternatives-with-ibt": trapRule("alternatives-with-ibt", {
    what: "The payload has alternatives.",
    why: "On a host that tracks indirect branches (CET-IBT), 4.17.0 to 4.17.3, 4.18.0 and 4.18.1 go through tables of the hypervisor that are gone after boot when they apply a payload's alternatives.",
    remedy: "Leave alternatives out, or update the hypervisor.",
    reach: "any-host",
    concerns: isWithoutIbtCare,
    pattern: (step) =>
      eachSection(
        step,
        ({ name, size }) => name === ALTERNATIVES_SECTION && size > 0,
        () => "the host dies when it tracks indirect branches",
      ),
  }),
  "altcall-through-init": trapRule("altcall-through-init", {
    what: "The payload has an indirect call that Xen makes direct, through a variable in memory that it freed after boot.",
    why: "Xen reads the variable when it loads the payload. Where the operations of a subsystem are only needed while booting (XSM on 4.16, 4.17.0 to 4.17.4, 4.18.0 to 4.18.2), nothing is mapped there any more.",
    remedy: "Call the function by its name, or leave the alternative out.",
    reach: "any-host",
    concerns: (release, architecture) =>
      architecture === "x86_64" &&
      compareReleases(release, { major: 4, minor: 13, point: 0 }) >= 0 &&
      !hasFeature(release, "alt-call-sites"),
  }),
} as const satisfies Record<string, Rule>;

/** Releases before the check was added crash on it. */
function refusedFor(
  at: string,
  errno: number,
  problem: string,
): (step: CheckedStep) => readonly Finding[] {
  return (step) => {
    const refusal = refusalOf(step);
    if (refusal?.step !== at || refusal.errno !== errno) return [];
    return [{ problem, where: step.subject.source }];
  };
}

function isWithoutIbtCare(release: Release, architecture: string): boolean {
  const isNew = compareReleases(release, { major: 4, minor: 17, point: 0 }) >= 0;
  return architecture === "x86_64" && isNew && !hasFeature(release, "alternatives-safe-with-ibt");
}
