// Everything that changes in a modelled hypervisor. The records inside are replaced, never changed,
// so that a fork is a copy of a few tables.

import type { HookKind } from "../xen-abi/hooks.ts";
import type { CpuProfile } from "./cpu-profile.ts";
import { freeRange } from "./free-range.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { Memory } from "./memory.ts";
import type { PayloadLife } from "./payload.ts";

export interface ModelOptions {
  readonly cpu?: CpuProfile;
  /** What a hook returns, 0 or a negative error number; `undefined` for unknown. */
  readonly hookResult?: (payload: string, hook: HookKind) => number | undefined;
  /** A domain whose vCPUs wait for a vm_event listener; no payload is applied meanwhile (x86). */
  readonly waitQueues?: "active" | "empty";
}

export type ActionName = "apply" | "revert" | "replace" | "unload";

/** The one thing that Xen does later: ABI reference §4. */
export interface Work {
  readonly action: "apply" | "revert" | "replace";
  readonly name: string;
}

export interface ModelState {
  readonly xen: Hypervisor;
  readonly options: ModelOptions;
  memory: Memory;
  /** In load order. */
  readonly lives: Map<string, PayloadLife>;
  /** Names, the newest last. */
  readonly applied: string[];
  /** What loaded payloads brought, by name. */
  readonly exports: Map<string, { readonly owner: string; readonly value: bigint }>;
  /** Payloads by build-id, in hex. */
  readonly ids: Map<string, string>;
  work: Work | undefined;
  /** Lines, without the prefix of Xen's console. */
  readonly console: string[];
}

export function initialState(xen: Hypervisor, options: ModelOptions): ModelState {
  return {
    xen,
    options,
    memory: xen.memory.fork(),
    work: undefined,
    lives: new Map(),
    applied: [],
    exports: new Map(),
    ids: new Map(),
    console: [],
  };
}

export function forkState(state: ModelState): ModelState {
  return {
    ...state,
    memory: state.memory.fork(),
    lives: new Map(state.lives),
    applied: [...state.applied],
    exports: new Map(state.exports),
    ids: new Map(state.ids),
    console: [...state.console],
  };
}

/** Whole pages in the payload window, one page apart from their neighbours. */
export function allocateIn(state: ModelState): (sizeBytes: number) => bigint | undefined {
  return (sizeBytes) => {
    const taken = [...state.lives.values()].map(({ payload: { placement } }) => ({
      start: placement.base,
      end: placement.base + BigInt(placement.bytes.length),
    }));
    return freeRange(state.xen.payloadWindow, taken, sizeBytes);
  };
}

export function updateLife(state: ModelState, name: string, change: Partial<PayloadLife>): void {
  const life = state.lives.get(name);
  if (life !== undefined) state.lives.set(name, { ...life, ...change });
}

export function say(state: ModelState, ...lines: readonly string[]): void {
  state.console.push(...lines);
}
