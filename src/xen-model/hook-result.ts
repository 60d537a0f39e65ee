// What a payload's hook returns: as the caller said, or as its code says when it returns a constant
// and nothing else, or 0 by assumption.

import type { HookKind } from "../xen-abi/hooks.ts";
import { constantResult } from "./constant-function.ts";
import { knownBytes } from "./memory.ts";
import type { LoadedPayload } from "./payload.ts";
import type { ModelState } from "./state.ts";
import type { Assumption } from "./verdict.ts";

/** 0 or a negative error number. */
export function hookResult(
  { options, memory }: ModelState,
  { name, hooks }: LoadedPayload,
  kind: HookKind,
  assumptions: Assumption[],
): number {
  const given = options.hookResult?.(name, kind);
  if (given !== undefined) return given;
  const entry = hooks.functions.get(kind);
  const constant = entry && constantResult(knownBytes(memory), entry);
  if (constant !== undefined) return Number(BigInt.asIntN(32, constant));
  const words = `the ${kind} hook of "${name}" does its work and returns 0`;
  assumptions.push({ about: "hook-result", words });
  return 0;
}
