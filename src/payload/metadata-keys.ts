// The keys of `.modinfo` in xSplice's own payloads. Xen lists the metadata of loaded payloads, but no
// build-id, dependency or order (ABI reference §1.7), so tools find out from these keys what a host
// runs. A payload of another tool has none of them.

/** Of the payload itself, hexadecimal. */
export const BUILD_ID_KEY = "build-id";
/** Build-id of what is directly below the payload. */
export const DEPENDS_KEY = "depends";
export const MODE_KEY = "mode";
export const GUARD_KEY = "guard";
/** The symbol of the applied-marker (marker.ts); absent when the payload has none. */
export const MARKER_KEY = "marker";
/** The replaced functions, as spelt in Xen's table, separated by commas; or `*`. */
export const FUNCTIONS_KEY = "functions";
/** Build-ids of payloads, besides `depends`, that must be applied; missing when there are none. */
export const REQUIRES_KEY = "requires";

/** Kinds of its hooks, which may prevent a replace; missing when there are none. */
export const HOOKS_KEY = "hooks";

/**
 * Its functions and objects to which the hypervisor keeps pointers, even after a revert; missing when
 * there are none.
 */
export const KEPT_KEY = "kept";
/** In the list: something without a name, or a list that is too long. */
export const KEPT_WITHOUT_NAME = "*";

/**
 * Functions in which CPUs stand while Xen patches, and which they leave a moment after a revert; missing when
 * there are none. A list that is too long is `*`, as above.
 */
export const LINGERS_KEY = "lingers";
/** The same, where a CPU may stay in the new body for as long as the host runs. */
export const PARKS_KEY = "parks";
/** Functions in which a vCPU may sleep, with its frames copied aside, as far as direct calls show. */
export const SLEEPS_KEY = "sleeps";
/** Functions that the author had replaced although a CPU may run them while Xen patches. */
export const UNSAFE_KEY = "unsafe";

/** Keys that only the emitter may write. */
export const reservedKeys: readonly string[] = [
  ...[BUILD_ID_KEY, DEPENDS_KEY, MODE_KEY, GUARD_KEY, MARKER_KEY],
  ...[
    FUNCTIONS_KEY,
    REQUIRES_KEY,
    HOOKS_KEY,
    KEPT_KEY,
    LINGERS_KEY,
    PARKS_KEY,
    SLEEPS_KEY,
    UNSAFE_KEY,
  ],
];

/** A longer list is not written: `functions=*` says that the payload's file has it, `kept=*` only that there is one. */
export const FUNCTIONS_VALUE_MAX = 1000;
export const FUNCTIONS_IN_FILE = "*";

/**
 * `stack`: on exactly what it depends on; `cumulative`: on the hypervisor alone, replacing all applied
 * payloads; `independent`: in any order, as long as the code is as expected.
 */
export const payloadModes = ["stack", "cumulative", "independent"] as const;
export type PayloadMode = (typeof payloadModes)[number];

/** How much old code Xen compares before it applies: all, the first bytes, or nothing. */
export const guardLevels = ["full", "entry", "none"] as const;
export type GuardLevel = (typeof guardLevels)[number];
