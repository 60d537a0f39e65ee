// What a host runs, in the few words in which the fleet compares it: the applied payloads from the bottom to the
// top, each as `NAME@BUILD-ID`. A name alone would hide that another file of that name was loaded.

import type { HostState } from "../plan/host-state.ts";
import type { GivenPayload } from "../plan/piece.ts";

export type Stack = readonly string[];

/** `undefined` when the host's order of payloads is not known. */
export function stackOfState({ loaded, stack }: HostState): Stack | undefined {
  if (stack.kind === "unknown") return undefined;
  return stack.names.map((name) => {
    return entry(name, loaded.find((payload) => payload.name === name)?.facts.buildId);
  });
}

/** Of names that a plan promises: what is loaded already, or comes from a file. */
export function stackOfNames(
  names: readonly string[],
  { loaded }: HostState,
  given: readonly GivenPayload[],
): Stack {
  return names.map((name) => {
    const found = [...loaded, ...given].find((payload) => payload.name === name);
    return entry(name, found?.facts.buildId);
  });
}

export function sameStack(one: Stack, other: Stack): boolean {
  return one.length === other.length && one.every((payload, index) => payload === other[index]);
}

function entry(name: string, buildId: string | undefined): string {
  return `${name}@${buildId ?? "?"}`;
}
