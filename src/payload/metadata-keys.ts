// The keys of `.modinfo` that xSplice's own payloads carry. Xen shows metadata of what is loaded and
// no build-id, no dependency and no order (ABI reference §1.7), so whoever wants to know what a host
// runs knows it from here. A payload of another tool has none of them.

/** Of the payload itself, hexadecimal. */
export const BUILD_ID_KEY = "build-id";
/** Build-id of whatever the payload sits on. */
export const DEPENDS_KEY = "depends";
export const MODE_KEY = "mode";
export const GUARD_KEY = "guard";
/** The symbol of the applied-marker (marker.ts); absent when the payload has none. */
export const MARKER_KEY = "marker";
/** What the payload replaces, as Xen's table spells it, with commas between; or `*`. */
export const FUNCTIONS_KEY = "functions";
/** Build-ids of payloads, besides `depends`, that must be applied; absent when there are none. */
export const REQUIRES_KEY = "requires";

/** Kinds of its hooks, which may stand against a replace; absent when there are none. */
export const HOOKS_KEY = "hooks";

/** Its functions and objects to which the hypervisor keeps pointers, also when it is reverted; absent when there are none. */
export const KEPT_KEY = "kept";
/** In the list: something without a name, or more than there is room for. */
export const KEPT_WITHOUT_NAME = "*";

/** Keys that the emitter writes; nobody else may. */
export const reservedKeys: readonly string[] = [
  ...[BUILD_ID_KEY, DEPENDS_KEY, MODE_KEY, GUARD_KEY, MARKER_KEY],
  ...[FUNCTIONS_KEY, REQUIRES_KEY, HOOKS_KEY, KEPT_KEY],
];

/** A longer list is not written: `functions=*` says that the payload's file has it, `kept=*` only that there is one. */
export const FUNCTIONS_VALUE_MAX = 1000;
export const FUNCTIONS_IN_FILE = "*";

/**
 * `stack`: on exactly what it depends on; `cumulative`: on the hypervisor alone, in place of all
 * that is applied; `independent`: in any order, as far as the code is what it expects.
 */
export const payloadModes = ["stack", "cumulative", "independent"] as const;
export type PayloadMode = (typeof payloadModes)[number];

/** How much of the old code Xen compares before it applies: all, the first bytes, or nothing. */
export const guardLevels = ["full", "entry", "none"] as const;
export type GuardLevel = (typeof guardLevels)[number];
