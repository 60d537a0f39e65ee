// The eight kinds of hooks, in the order in which Xen reads their sections: ABI reference §1.6.

import type { PayloadVersion } from "./release.ts";

export const hookKinds = [
  "load",
  "unload",
  "preapply",
  "apply",
  "postapply",
  "prerevert",
  "revert",
  "postrevert",
] as const;
export type HookKind = (typeof hookKinds)[number];

export interface HookRule {
  readonly section: string;
  /** The kind of pointers in the section. */
  readonly count: "many" | "one";
  /** `void (*)(void)`, `int (*)(payload)`, where non-zero vetoes, or `void (*)(payload)`. */
  readonly signature: "plain" | "veto" | "notify";
  /** First payload version in which Xen knows it. Load and unload came with 4.8. */
  readonly since: PayloadVersion;
  /** When Xen calls it, as text. */
  readonly when: string;
}

export const hookRules: Readonly<Record<HookKind, HookRule>> = {
  load: {
    section: ".livepatch.hooks.load",
    count: "many",
    signature: "plain",
    since: 1,
    when: "all CPUs stopped, just before the functions are patched",
  },
  unload: {
    section: ".livepatch.hooks.unload",
    count: "many",
    signature: "plain",
    since: 1,
    when: "all CPUs stopped, just after the functions are restored",
  },
  preapply: {
    section: ".livepatch.hooks.preapply",
    count: "one",
    signature: "veto",
    since: 2,
    when: "before apply begins; can veto it",
  },
  apply: {
    section: ".livepatch.hooks.apply",
    count: "one",
    signature: "veto",
    since: 2,
    when: "all CPUs stopped, in place of Xen's own patching",
  },
  postapply: {
    section: ".livepatch.hooks.postapply",
    count: "one",
    signature: "notify",
    since: 2,
    when: "after apply ended",
  },
  prerevert: {
    section: ".livepatch.hooks.prerevert",
    count: "one",
    signature: "veto",
    since: 2,
    when: "before revert begins; can veto it",
  },
  revert: {
    section: ".livepatch.hooks.revert",
    count: "one",
    signature: "veto",
    since: 2,
    when: "all CPUs stopped, in place of Xen's own restoring",
  },
  postrevert: {
    section: ".livepatch.hooks.postrevert",
    count: "one",
    signature: "notify",
    since: 2,
    when: "after revert ended",
  },
};

/** Bytes of one pointer in a hook section. */
export const HOOK_POINTER_SIZE = 8;

/** Xen refuses a REPLACE if any payload involved has one of these hooks. */
export const hooksAgainstReplace: readonly HookKind[] = [
  "preapply",
  "postapply",
  "prerevert",
  "postrevert",
];
