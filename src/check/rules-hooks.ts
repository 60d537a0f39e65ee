// Problems of a payload's hooks (ABI reference §1.6).

import { contentsOf } from "../elf/sections.ts";
import { startsWithEndbr64 } from "../isa/endbr64.ts";
import type { PayloadHook } from "../payload/payload.ts";
import { hasFeature } from "../xen-abi/features.ts";
import { compareReleases } from "../xen-abi/release.ts";
import { EXCEPTION_TABLE_SECTION } from "../xen-abi/sections.ts";
import { namedHooks } from "./hook-names.ts";
import type { Finding, Rule } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { loadedSections, type Subject } from "./subject.ts";
import { trapRule } from "./trap-rule.ts";

export const hookRules = {
  "inconsistent-hook": trapRule("inconsistent-hook", {
    what: "An apply or revert hook returns what does not agree with the state of the payload's functions.",
    why: "Such a hook takes the place of Xen's own patching. Xen looks at every function afterwards, and panics when one is not as the hook says. Only hooks that do nothing can be judged here.",
    remedy: "Splice the functions in the hook and mark them, or return an error.",
    concerns: (release) => hasFeature(release, "payload-version-2"),
  }),
  "cannot-be-reverted": {
    title: "Xen cannot revert the payload once it is applied",
    severity: "hazard",
    what: "A revert right after the payload was applied is refused, or kills the hypervisor.",
    why: "A prerevert or revert hook that always returns an error keeps the payload, and all below it, applied until the host reboots; one that returns 0 and restores nothing makes Xen panic. Only hooks that do nothing else can be judged here.",
    remedy:
      "Let the hook return 0 when its work is done, and restore the functions in a revert hook.",
    check: cannotBeReverted,
  },
  "fault-in-hook": {
    title: "a WARN or a handled fault in a hook before apply would be fatal",
    severity: "hazard",
    what: "The payload has a hook that runs while it is not applied, and code that can warn or fault.",
    why: "Before 4.17.4, 4.18.1 and 4.19 Xen knows of a payload's bug frames and exceptions only while it is applied: in a preapply or postrevert hook they are fatal.",
    remedy: "Do without WARN, BUG and guarded accesses in these hooks.",
    concerns: (release) =>
      hasFeature(release, "payload-version-2") && !hasFeature(release, "registered-at-upload"),
    check: faultInHook,
  },
  "hook-without-endbr64": {
    title: "a hook does not start with ENDBR64",
    severity: "hazard",
    what: "Xen calls the hook by a pointer, and its code does not start with ENDBR64.",
    why: "A hypervisor built for CET-IBT crashes on such a call on hosts that track indirect branches.",
    remedy: "Mark the function with cf_check and compile with -fcf-protection=branch.",
    concerns: (release, architecture) =>
      architecture === "x86_64" && compareReleases(release, { major: 4, minor: 17, point: 0 }) >= 0,
    check: withoutLanding,
  },
} as const satisfies Record<string, Rule>;

function cannotBeReverted({ wayBack, subject }: CheckedStep): readonly Finding[] {
  const where = subject.source;
  switch (wayBack?.kind) {
    case "crash":
      return [{ problem: `the host dies when it is reverted: ${wayBack.words}`, where }];
    case "refused":
      return [{ problem: `a revert is refused: ${wayBack.words}`, where }];
    case "failed":
      return [{ problem: `a revert fails: ${wayBack.refusal.words}`, where }];
    default:
      return [];
  }
}

function faultInHook({ subject }: CheckedStep): readonly Finding[] {
  const early = namedHooks(subject, ({ kind }) => kind === "preapply" || kind === "postrevert");
  const table = loadedSections(subject).find(({ name, size }) => {
    return size > 0 && (name.startsWith(".bug_frames.") || name === EXCEPTION_TABLE_SECTION);
  });
  if (table === undefined) return [];
  return early.map(({ words, where }) => {
    const problem = `Xen does not know the entries of "${table.name}" while its ${words} runs`;
    return { problem, where };
  });
}

function withoutLanding({ subject, hypervisor }: CheckedStep): readonly Finding[] {
  // If no function of this release ever loses its mark, the missing mark means nothing.
  if (hypervisor.facts.poisonedEntries().size === 0) return [];
  return namedHooks(subject).flatMap(({ words, where, hooks: [hook] }) => {
    const code = codeOf(hook, subject);
    if (code === undefined || startsWithEndbr64(code)) return [];
    return [{ problem: `its ${words} kills a host that tracks indirect branches`, where }];
  });
}

function codeOf({ target }: PayloadHook, { object }: Subject): Uint8Array | undefined {
  if (target.kind !== "own" || object === undefined) return undefined;
  const section = object.sections.find(({ name }) => name === target.section);
  return section && contentsOf(object, section).subarray(target.offset);
}
