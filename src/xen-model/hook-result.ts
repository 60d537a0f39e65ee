// The result of a payload's hook: given by the caller, or read from its code when it only returns a
// constant, or assumed to be 0.

import type { HookKind } from "../xen-abi/hooks.ts";
import { constantResult } from "./constant-function.ts";
import { knownBytes } from "./memory.ts";
import type { LoadedPayload } from "./payload.ts";
import type { PreparedHooks } from "./prepare/hooks.ts";
import type { ModelState } from "./state.ts";
import type { Assumption } from "./verdict.ts";

/** 0 or a negative error number. */
export function hookResult(
  { options, memory, xen }: ModelState,
  { name, hooks }: LoadedPayload,
  kind: HookKind,
  assumptions: Assumption[],
): number {
  const given = options.hookResult?.(name, kind);
  if (given !== undefined) return given;
  const constant = constantOf({ memory, xen }, hooks, kind);
  if (constant !== undefined) return Number(BigInt.asIntN(32, constant));
  const words = `the ${kind} hook of "${name}" does its work and returns 0`;
  assumptions.push({ about: "hook-result", words });
  return 0;
}

/** Its code returns a constant, and that is all. */
export function doesNothing(
  { memory, xen }: ModelState,
  { hooks }: LoadedPayload,
  kind: HookKind,
): boolean {
  return constantOf({ memory, xen }, hooks, kind) !== undefined;
}

function constantOf(
  { memory, xen }: Pick<ModelState, "memory" | "xen">,
  hooks: PreparedHooks,
  kind: HookKind,
): bigint | undefined {
  const entry = hooks.functions.get(kind);
  return entry && constantResult(knownBytes(memory), entry, xen.architecture);
}
