// For which architectures registers are followed across calls (x86-register-steps.ts). On others nobody finds
// out whether a caller relies on what a new body changes, which whoever builds or checks has to know.

import type { Architecture } from "./architecture.ts";

export function followsRegisters(architecture: Architecture): boolean {
  return architecture === "x86_64";
}

/** In words for people, what is not checked for the architecture; `undefined` when it is. */
export function uncheckedRegisters(architecture: Architecture): string | undefined {
  if (followsRegisters(architecture)) return undefined;
  return "registers across calls are not followed on AArch64: whether a caller keeps a value in a register that its callee left alone and the new code changes (-fipa-ra)";
}
