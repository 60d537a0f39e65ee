// Why a fix cannot be live patched, from any pass: `xsplice build` lists all refusals at once, for
// people and scripts.

export interface BuildRefusal {
  /** Stable, because scripts match on it. Includes those of the comparison (diff/ledger.ts). */
  readonly rule: string;
  /** `function "do_foo"`, `struct domain`, `xen/arch/x86/xen.lds.S` */
  readonly what: string;
  /** Object and section, or file and hunk. */
  readonly where: string;
  /** As text; at least one reason. */
  readonly reasons: readonly string[];
  /** Further differences for these reasons, such as members that moved because one is new. */
  readonly consequences?: readonly string[] | undefined;
  /** Other refusals that cause this one; empty for an independent one. */
  readonly causes?: readonly RefusalName[] | undefined;
  /** What the author can do. */
  readonly remedy: string | undefined;
}

/** How one refusal refers to another one of the same build. */
export type RefusalName = Pick<BuildRefusal, "rule" | "what">;
