// Why a fix cannot be live patched, from whichever pass found it: what `xsplice build` lists, all at
// once, for people and scripts.

export interface BuildRefusal {
  /** Stable; scripts match on it. Those of the comparison (diff/ledger.ts) are among them. */
  readonly rule: string;
  /** `function "do_foo"`, `struct domain`, `xen/arch/x86/xen.lds.S` */
  readonly what: string;
  /** Object and section, or file and hunk. */
  readonly where: string;
  /** In words for people; at least one. */
  readonly reasons: readonly string[];
  /** What else differs for these reasons, such as members that moved because one is new. */
  readonly consequences?: readonly string[] | undefined;
  /** Other refusals without which this one would not be; none for one that stands by itself. */
  readonly causes?: readonly RefusalName[] | undefined;
  /** What the author can do. */
  readonly remedy: string | undefined;
}

/** How one refusal refers to another one of the same build. */
export type RefusalName = Pick<BuildRefusal, "rule" | "what">;
