// What of a host's state is kept for its next boot.

import type { AppliedKept, KeptSet } from "../host/boot-store.ts";
import { settledState } from "../host/settled-state.ts";
import type { HostState, LoadedPayload } from "../plan/host-state.ts";

/**
 * @param bytesOf a payload's file, where this process has it
 * @returns `undefined` for a hypervisor without a build-id: after a reboot nobody could tell whether it is the same
 */
export function keptSetOf(
  { xenBuildId, loaded, stack }: HostState,
  bytesOf: (payload: LoadedPayload) => Uint8Array | undefined,
): KeptSet | undefined {
  if (xenBuildId === undefined) return undefined;
  const find = (name: string) => loaded.find((payload) => payload.name === name);
  const applied = stack.names.map((name, index): AppliedKept => {
    const payload = find(name);
    const below = index === 0 ? xenBuildId : find(stack.names[index - 1] ?? "")?.facts.buildId;
    return {
      name,
      bytes: payload && bytesOf(payload),
      dependencyCheck: isOn(payload, below) ? "whole-chain" : "hypervisor-only",
    };
  });
  return {
    xenBuildId,
    applied: stack.kind === "known" ? applied : undefined,
    idle: loaded
      .filter(({ status }) => settledState(status) !== "applied")
      .map((payload) => ({ name: payload.name, bytes: bytesOf(payload) })),
  };
}

/** Where it is not known, Xen decides: it would refuse rather than apply on something else. */
function isOn(payload: LoadedPayload | undefined, below: string | undefined): boolean {
  const depends = payload?.facts.depends;
  return depends === undefined || below === undefined || depends === below;
}
