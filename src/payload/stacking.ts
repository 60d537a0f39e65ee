// How payloads sit on each other, as the metadata of one says (metadata-keys.ts): read back from the
// strings that Xen's LIST shows or that the file holds. What a payload does not say is `undefined`,
// never guessed.

import { type HookKind, hookKinds } from "../xen-abi/hooks.ts";
import {
  BUILD_ID_KEY,
  DEPENDS_KEY,
  FUNCTIONS_IN_FILE,
  FUNCTIONS_KEY,
  GUARD_KEY,
  type GuardLevel,
  guardLevels,
  HOOKS_KEY,
  KEPT_KEY,
  LINGERS_KEY,
  MARKER_KEY,
  MODE_KEY,
  PARKS_KEY,
  type PayloadMode,
  payloadModes,
  REQUIRES_KEY,
  SLEEPS_KEY,
  UNSAFE_KEY,
} from "./metadata-keys.ts";

export interface StackingFacts {
  /** Hex, as all ids here. */
  readonly buildId: string | undefined;
  readonly depends: string | undefined;
  readonly mode: PayloadMode | undefined;
  readonly guard: GuardLevel | undefined;
  /** The symbol whose first byte says whether the payload is applied. */
  readonly marker: string | undefined;
  /** Replaced functions as Xen's table spells them; `undefined` also when they are too many. */
  readonly functions: readonly string[] | undefined;
  readonly requires: readonly string[];
  /** Kinds that no release of ours knows are left out. */
  readonly hooks: readonly HookKind[];
  /** Names of what the hypervisor keeps pointers to, so that an unload leaves them dangling. */
  readonly kept: readonly string[];
  /** Functions that CPUs leave a moment after a revert. */
  readonly lingers: readonly string[];
  /** Functions in which a CPU may stay after a revert. */
  readonly parks: readonly string[];
  /** Functions in which a vCPU may sleep. */
  readonly sleeps: readonly string[];
  /** Functions that the author allowed to be replaced although Xen may run them while it patches. */
  readonly unsafe: readonly string[];
}

/** @param metadata strings `key=value`; the first of a key counts */
export function readStackingFacts(metadata: readonly string[]): StackingFacts {
  const find = (key: string): string | undefined => {
    return metadata.find((text) => text.startsWith(`${key}=`))?.slice(key.length + 1);
  };
  const mode = find(MODE_KEY);
  const guard = find(GUARD_KEY);
  const functions = find(FUNCTIONS_KEY);
  const hooks = splitList(find(HOOKS_KEY) ?? "");
  return {
    buildId: find(BUILD_ID_KEY),
    depends: find(DEPENDS_KEY),
    mode: payloadModes.find((known) => known === mode),
    guard: guardLevels.find((known) => known === guard),
    marker: find(MARKER_KEY),
    functions: isList(functions) ? splitList(functions) : undefined,
    requires: splitList(find(REQUIRES_KEY) ?? ""),
    hooks: hookKinds.filter((kind) => hooks.includes(kind)),
    kept: splitList(find(KEPT_KEY) ?? ""),
    lingers: splitList(find(LINGERS_KEY) ?? ""),
    parks: splitList(find(PARKS_KEY) ?? ""),
    sleeps: splitList(find(SLEEPS_KEY) ?? ""),
    unsafe: splitList(find(UNSAFE_KEY) ?? ""),
  };
}

/**
 * Whether apply may skip the check of what the payload sits on (LIVEPATCH_ACTION_APPLY_NODEPS). Only
 * when the payload asks for nothing but the code that it carries, and carries all of it: then Xen
 * itself refuses it wherever another payload changed what it was made from.
 */
export function mayIgnoreDependency({
  mode,
  guard,
}: Pick<StackingFacts, "mode" | "guard">): boolean {
  return mode === "independent" && guard === "full";
}

function isList(functions: string | undefined): functions is string {
  return functions !== undefined && functions !== FUNCTIONS_IN_FILE;
}

function splitList(text: string): readonly string[] {
  return text === "" ? [] : text.split(",");
}
