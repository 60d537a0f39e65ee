// The flags for hand-written C. They make code that Xen's loader can place (no global offset table, no
// writable code), that runs in a hypervisor (general registers only, no red zone, no runtime library,
// Xen's stack), that lands on ENDBR64 wherever it is called by pointer, and that says the same in every
// directory.

import type { Architecture } from "../isa/architecture.ts";

export interface CompilerKind {
  readonly kind: "gcc" | "clang";
  readonly architecture: Architecture;
}

/** How the hypervisor makes speculation-safe indirect calls and returns on x86. */
export interface Thunks {
  readonly indirectCalls: boolean;
  readonly returns: boolean;
}

/**
 * - Without -fno-plt: it would make calls of functions that were never declared hidden (memcpy, which
 *   the compiler calls by itself) go through the global offset table.
 * - -fno-jump-tables: on x86 they need an indirect jump without a landing mark.
 */
export const commonFlags = [
  "-O2",
  "-g0",
  "-Wall",
  "-Werror=implicit-function-declaration",
  "-ffreestanding",
  "-fPIE",
  "-fvisibility=hidden",
  "-ffunction-sections",
  "-fdata-sections",
  "-fno-common",
  "-fno-jump-tables",
  "-fno-strict-aliasing",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-unwind-tables",
  "-mgeneral-regs-only",
] as const;

/**
 * Xen built by gcc keeps its stack aligned to 8 bytes (-mpreferred-stack-boundary=3: Debian's 4.14, 4.17
 * and 4.20), where a compiler takes 16 for granted: an object that asks for 16, as what cmpxchg16b works
 * on does, lay wrong in every second call. Xen built by clang keeps 16. Code that aligns the stack by
 * itself, and calls nothing with less, is right in both.
 */
const alignsStack = { gcc: "-mincoming-stack-boundary=3", clang: "-mstackrealign" } as const;

/** The processor is named, since a distribution's compiler may be set up for a newer one than Xen's. */
export function architectureFlags({ architecture, kind }: CompilerKind): readonly string[] {
  const target = kind === "clang" ? [`--target=${architecture}-linux-gnu`] : [];
  const own = {
    // Every function that can be called by pointer starts with ENDBR64, without an attribute.
    x86_64: ["-march=x86-64", "-mno-red-zone", "-fcf-protection=branch", alignsStack[kind]],
    // Xen has no helpers for atomic operations.
    aarch64: ["-mcpu=generic", "-mno-outline-atomics", "-mbranch-protection=none"],
  } as const;
  return [...target, ...own[architecture]];
}

export function thunkFlags(
  kind: CompilerKind["kind"],
  architecture: Architecture,
  { indirectCalls, returns }: Thunks,
): readonly string[] {
  if (architecture !== "x86_64") return [];
  const calls = {
    // By register: Xen has no thunk for an address in memory.
    gcc: ["-mindirect-branch=thunk-extern", "-mindirect-branch-register"],
    clang: ["-mretpoline-external-thunk"],
  } as const;
  return [
    ...(indirectCalls ? calls[kind] : []),
    ...(returns ? ["-mfunction-return=thunk-extern"] : []),
  ];
}
