// What a payload's hook returns: as the caller said, or 0 by assumption.

import type { HookKind } from "../xen-abi/hooks.ts";
import type { ModelState } from "./state.ts";
import type { Assumption } from "./verdict.ts";

/** 0 or a negative error number. */
export function hookResult(
  { options }: ModelState,
  payload: string,
  kind: HookKind,
  assumptions: Assumption[],
): number {
  const result = options.hookResult?.(payload, kind);
  if (result !== undefined) return result;
  const words = `the ${kind} hook of "${payload}" does its work and returns 0`;
  assumptions.push({ about: "hook-result", words });
  return 0;
}
