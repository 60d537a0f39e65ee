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
  /** What the author can do. */
  readonly remedy: string | undefined;
}
