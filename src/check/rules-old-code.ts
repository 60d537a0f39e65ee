// Problems of a payload's checks of old code (ABI reference §1.4, §8.3).

import { ENDBR64_SIZE } from "../isa/endbr64.ts";
import { countBefore } from "../sorted.ts";
import { hasFeature } from "../xen-abi/features.ts";
import { EXPECTATION_LENGTH_MAX } from "../xen-abi/limits.ts";
import { compareReleases, type Release } from "../xen-abi/release.ts";
import { UnknownByte } from "../xen-model/memory.ts";
import type { Finding, Rule } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { type AddressRange, isInImage, isOwn } from "./subject.ts";

export const oldCodeRules = {
  "expectation-missing": {
    title: "a function is patched without comparing the old code",
    severity: "hazard",
    what: "An entry writes to a function, and no entry of the payload says which bytes it expects there.",
    why: "Xen patches whatever it finds: a function that another payload has patched since, or one that differs from what the payload was made from.",
    remedy: "Add an expectation, or guard entries; xsplice build does.",
    concerns: hasExpectations,
    check: missing,
  },
  "expectation-of-boot-code": {
    title: "a payload expects code that Xen rewrites when it boots",
    severity: "hazard",
    what: "The expected bytes cover an alternative, or an indirect call that Xen makes direct.",
    why: "Xen compares memory, where such places hold what suits the CPU of the host, and not what xen-syms has: APPLY fails on some hosts, or on all.",
    remedy: "Leave these places out, as the guards of xsplice build do.",
    concerns: hasExpectations,
    check: ofBootCode,
  },
  "expectation-of-jump": {
    title: "a payload expects the distance of a jump into another payload",
    severity: "hazard",
    what: "The expected bytes cover more than the first byte of the jump to a payload below.",
    why: "Xen puts a payload where memory is free: the distance to it differs at each upload.",
    remedy: "Expect e9 alone, and continue after the jump, as the guards of xsplice build do.",
    concerns: hasExpectations,
    check: ofJump,
  },
  "expectation-of-landing-mark": {
    title: "a payload expects an ENDBR64 that Xen may have overwritten",
    severity: "hazard",
    what: "The expected bytes cover the ENDBR64 of a function that Xen calls only directly after boot.",
    why: "On a host that tracks indirect branches (CET-IBT), 4.17 and later write 66 0f 1f 01 over the mark of such functions: APPLY fails there.",
    remedy: "Start 4 bytes after the entry.",
    concerns: (release, architecture) =>
      architecture === "x86_64" && compareReleases(release, { major: 4, minor: 17, point: 0 }) >= 0,
    check: ofLandingMark,
  },
} as const satisfies Record<string, Rule>;

/** Version 1 of the table of functions has no room for them. */
function hasExpectations(release: Release): boolean {
  return hasFeature(release, "payload-version-2");
}

function missing({ subject }: CheckedStep): readonly Finding[] {
  const looks = new Ranges(subject.entries.flatMap((entry) => entry.expected ?? []));
  return subject.entries.flatMap(({ written, oldFunction, oldAddress, label, where }) => {
    if (written === undefined || oldAddress === undefined) return [];
    // A place in the payload itself belongs to no other payload.
    if (isOwn(oldAddress, subject)) return [];
    const size = BigInt(oldFunction?.sizeBytes || 1);
    const start = oldFunction?.address ?? oldAddress;
    const whole = { start, end: start + size };
    if (looks.overlap(whole)) return [];
    return [{ problem: `no old code of "${label}" is compared`, where }];
  });
}

function ofBootCode({ subject, hypervisor }: CheckedStep): readonly Finding[] {
  return subject.entries.flatMap(({ expected, label, where }) => {
    if (expected === undefined || !isInImage(expected.start, hypervisor)) return [];
    const length = Number(expected.end - expected.start);
    const found = hypervisor.memory.read(expected.start, length);
    const first = found.kind === "bytes" ? (found.unknown?.indexOf(1) ?? -1) : -1;
    if (first < 0) return [];
    const problem = `byte ${first} of what is expected at "${label}" depends on the host's CPU`;
    return [{ problem, where }];
  });
}

/** A REPLACE compares after the jumps are removed. */
function ofJump({ subject, before, action }: CheckedStep): readonly Finding[] {
  if (action === "replace") return [];
  return subject.entries.flatMap(({ expected, label, where }) => {
    if (expected === undefined) return [];
    const found = before.read(expected.start, Number(expected.end - expected.start));
    const first = found.kind === "bytes" ? (found.unknown?.indexOf(UnknownByte.place) ?? -1) : -1;
    if (first < 0) return [];
    const problem = `byte ${first} of what is expected at "${label}" depends on where Xen puts another payload`;
    return [{ problem, where }];
  });
}

function ofLandingMark({ subject, hypervisor }: CheckedStep): readonly Finding[] {
  return subject.entries.flatMap(({ expected, oldFunction, label, where }) => {
    const start = oldFunction?.address;
    if (expected === undefined || start === undefined) return [];
    const mark = { start, end: start + BigInt(ENDBR64_SIZE) };
    const isCovered = overlaps(expected, mark);
    if (!isCovered || !hypervisor.facts.poisonedEntries().has(start)) return [];
    return [{ problem: `"${label}" has no ENDBR64 any more on hosts with CET-IBT`, where }];
  });
}

/** Of at most 31 bytes each; a payload can have thousands. */
class Ranges {
  readonly #sorted: readonly AddressRange[];

  constructor(ranges: readonly AddressRange[]) {
    this.#sorted = ranges.toSorted((left, right) => (left.start < right.start ? -1 : 1));
  }

  overlap(whole: AddressRange): boolean {
    const earliest = whole.start - BigInt(EXPECTATION_LENGTH_MAX);
    const countTo = (end: bigint) => countBefore(this.#sorted, ({ start }) => start < end);
    return this.#sorted
      .slice(countTo(earliest), countTo(whole.end))
      .some((range) => overlaps(range, whole));
  }
}

function overlaps(left: AddressRange, right: AddressRange): boolean {
  return left.start < right.end && right.start < left.end;
}
