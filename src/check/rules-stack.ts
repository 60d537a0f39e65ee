// Problems between payloads: when one is stacked on another, when one replaces all, and when one is
// reverted (ABI reference §3).

import { hasFeature } from "../xen-abi/features.ts";
import { hooksAgainstReplace } from "../xen-abi/hooks.ts";
import { namedHooks } from "./hook-names.ts";
import type { Finding, Rule } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { isInMarker, type Subject } from "./subject.ts";

export const stackRules = {
  "patched-by-two-payloads": {
    title: "two payloads replace the same function",
    severity: "hazard",
    what: "A payload patches a function that a payload below it patches as well.",
    why: "The later one wins, whatever the earlier one fixed there. Where the chain of dependencies shows that it was built on top of the earlier one this is a note.",
    remedy:
      "Build the later payload on top of the earlier one (--depends), or both fixes into one.",
    check: patchedBelow,
  },
  "superseded-code-reachable": {
    title: "code of a payload goes to its own copy of a function, not through Xen's entry",
    severity: "hazard",
    what: "A call, jump or pointer in a payload leads directly to the new body of a function that the payload replaces.",
    why: "Xen's entry holds the jump to the newest body; the payload's own reference stays at the old one. As soon as another payload replaces the function, the code below continues to call the superseded body, and the later fix does not work for it.",
    remedy: "Refer to the function by the hypervisor's name, as xsplice build and compile do.",
    check: supersededCode,
  },
  "bound-to-payload": {
    title: "the payload refers to another payload, which may be unloaded",
    severity: "hazard",
    what: "A symbol that the payload needs, or a function that it patches, was brought by another payload.",
    why: "Xen resolves symbols once, at upload, and counts no references: it unloads the other payload nevertheless, and what refers to it then reads, or calls, freed memory.",
    remedy:
      "Unload this payload before the one that it refers to; upload both again after a change.",
    check: boundToPayload,
  },
  "one-way": {
    title: "the payload can be applied only once",
    severity: "hazard",
    what: 'The payload has writable data of its own, besides ".livepatch.funcs".',
    why: 'Xen will not apply it again after a revert, since its data are no longer what they were: APPLY answers 0 and does nothing. 4.8 and 4.9 ask for exactly one writable section, ".livepatch.funcs".',
    remedy: "After a revert, unload the payload and upload it again.",
    concerns: (release) => hasFeature(release, "load-hooks"),
    check: ({ subject, loaded }) =>
      loaded === undefined || loaded.placement.isSafeToReapply
        ? []
        : [{ problem: "once reverted, it cannot be applied again", where: subject.source }],
  },
  "replace-refused": {
    title: "REPLACE is refused because of hooks that can veto",
    severity: "hazard",
    what: "A payload has a pre- or post-hook of apply or revert.",
    why: "As soon as one payload with such a hook is involved, applied or new, Xen refuses REPLACE. While it is applied without one, this is a note.",
    remedy: "Do without the hook, or revert and apply one by one.",
    concerns: (release) => hasFeature(release, "payload-version-2"),
    check: replaceRefused,
  },
  "replace-without-way-back": {
    title: "a REPLACE that fails leaves the host unpatched",
    severity: "hazard",
    what: "A REPLACE can fail after everything was reverted: by a check of old code that depends on bytes which the files do not contain, or by a hook.",
    why: "Xen reverts all payloads first, then checks and applies the new one, and has no way back: those that are reverted stay so. On x86, a vCPU that waits for a listener of vm_event makes any REPLACE fail in this way.",
    remedy: "Apply the payload on top, or be ready to apply the old ones again.",
    check: withoutWayBack,
  },
} as const satisfies Record<string, Rule>;

function patchedBelow({ subject, below, action }: CheckedStep): readonly Finding[] {
  if (action === "replace") return [];
  const functions = subject.entries.filter((entry) => !isInMarker(entry));
  return functions.flatMap(({ written, oldFunction, oldAddress, label, where }) => {
    const start = oldFunction?.address ?? oldAddress;
    const lower = written && start !== undefined ? below.patcherOf(start) : undefined;
    if (lower === undefined) return [];
    const isMeant = below.isMadeFor(subject, lower);
    const how = isMeant ? ", on which it depends" : ", of which it knows nothing";
    const problem = `"${label}" is patched by "${lower.name}" too${how}`;
    return [{ problem, where, ...(isMeant ? { severity: "note" as const } : {}) }];
  });
}

function supersededCode(step: CheckedStep): readonly Finding[] {
  return [...ownCopies(step), ...copiesBelow(step)];
}

function ownCopies({ directUses }: CheckedStep): readonly Finding[] {
  return directUses.map(({ body, where }) => ({
    problem: `it goes to its own copy of "${body.label}", also when a later payload replaces that`,
    where,
  }));
}

/** Payloads below that go on calling what this payload replaces. */
function copiesBelow({ subject, below, action }: CheckedStep): readonly Finding[] {
  if (action === "replace") return [];
  const patched = subject.entries.filter(({ written }) => written !== undefined);
  const places = new Set(patched.map(({ oldAddress }) => oldAddress));
  // A payload that patches the copy as well, at its start or just after, has redirected it.
  const isCured = (address: bigint) => places.has(address) || places.has(address + 1n);
  return patched.flatMap(({ oldAddress, label, where }) =>
    (oldAddress === undefined ? [] : below.directUsesOf(oldAddress)).flatMap(({ user, use }) =>
      isCured(use.body.address)
        ? []
        : [
            {
              problem: `"${user.name}" continues to use its own copy of "${label}" (${use.where})`,
              where,
            },
          ],
    ),
  );
}

function boundToPayload({ subject, below, hypervisor, loaded }: CheckedStep): readonly Finding[] {
  if (loaded === undefined) return [];
  const patched = (subject.contents?.functions ?? []).flatMap(({ name, oldAddress }) =>
    oldAddress.kind === "name" && name !== undefined ? [name] : [],
  );
  return [...new Set([...(subject.contents?.needs ?? []), ...patched])].flatMap((name) => {
    const owner = hypervisor.lookup(name) === undefined ? below.exporterOf(name) : undefined;
    if (owner === undefined) return [];
    return [
      {
        problem: `it refers to "${name}" of "${owner.name}", which Xen unloads nevertheless`,
        where: `${subject.source}, symbol "${name}"`,
      },
    ];
  });
}

/** In words, all of them. */
function vetoingHooks(subject: Subject): string | undefined {
  const found = namedHooks(subject, ({ kind }) => hooksAgainstReplace.includes(kind));
  return found.length === 0 ? undefined : found.map(({ words }) => words).join(" and ");
}

function replaceRefused({ subject, below, action }: CheckedStep): readonly Finding[] {
  const own = vetoingHooks(subject);
  if (action === "apply") {
    if (own === undefined) return [];
    const problem = `no REPLACE works as long as it is applied: its ${own} may refuse`;
    return [{ problem, where: subject.source, severity: "note" }];
  }
  return [subject, ...below.applied].flatMap((payload) => {
    const words = vetoingHooks(payload);
    if (words === undefined) return [];
    return [{ problem: `of "${payload.name}", its ${words} may refuse`, where: payload.source }];
  });
}

function withoutWayBack(step: CheckedStep): readonly Finding[] {
  const { subject, below, action, act } = step;
  if (action === "apply" || act === undefined || below.applied.length === 0) return [];
  const left = `and "${below.applied.map(({ name }) => name).join('", "')}" stay reverted then`;
  if (act.kind === "failed") {
    return [{ problem: `it fails, ${left}`, where: subject.source }];
  }
  const doubts = act.assumptions.filter(({ about }) => {
    return about === "hook-result" || about === "code-changed-at-boot";
  });
  return doubts.map(({ words }) => ({
    problem: `it fails unless ${words}, ${left}`,
    where: subject.source,
  }));
}
