// What the comparison is told about sections: who reads them at run time, what their entries look
// like, and which functions must not be touched. All of it is data, so that the objects of another
// kernel, or of another release, can be compared with a table of their own. xen-policy.ts has Xen's.

export type SectionRole =
  /** Code, cut at its symbols. */
  | "code"
  /** Never written after the link: constants, string literals. */
  | "read-only"
  /** Written at run time: what it holds now is not what the object says. */
  | "writable"
  /** Written at boot, read-only afterwards. */
  | "boot-written"
  /** One instance for each CPU, laid out when the CPU came up. */
  | "per-cpu"
  /** Code or data that is used while booting, then freed. */
  | "init"
  /** The linker leaves it out. */
  | "discarded"
  /** For debuggers; no influence on what runs. */
  | "debug"
  /** Says which compiler made the object. */
  | "producer"
  /** Pieces of code without a name that belong to the function which uses them. */
  | "attached-code"
  /** Entries that belong to the function which they point into. */
  | "table"
  /** Nobody told us who reads it. */
  | "unsupported";

/** What a field of a table's entry holds. */
export interface TableField {
  /** Of the entry's first byte, in bytes. */
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly meaning: /** A place in the function that the entry belongs to. */
    | "owner"
    /** A place elsewhere, or anywhere. */
    | "place"
    /** A number that matters. */
    | "value"
    /** The number of a source line. */
    | "line"
    /** Filled with what has no meaning. */
    | "padding";
  /** From where a place counts; fields that hold addresses have `absolute`. */
  readonly relativeTo?: "field" | "entry" | "absolute";
  /** Where in the entry a byte says how many bytes at the place belong to the entry. */
  readonly lengthAt?: number;
  /** The place takes the lower bits only, and the line number of the source the ones above. */
  readonly placeBits?: number;
}

export interface TableLayout {
  /** Of one entry, in bytes. */
  readonly entrySize: number;
  readonly fields: readonly TableField[];
}

export interface SectionRule {
  /** Of the whole name. */
  readonly name: RegExp;
  readonly role: SectionRole;
  /** For the role `table`. */
  readonly layout?: TableLayout;
  /** Said in refusals: what the section is for. */
  readonly purpose?: string;
}

/** A function that cannot be replaced safely, and why not. */
export interface UnsafeFunction {
  readonly name: RegExp;
  /** Of the source file, as the object's STT_FILE spells it; undefined for any. */
  readonly file?: RegExp;
  readonly reason: string;
}

export interface SectionPolicy {
  /** The first rule that fits counts; sections that none fits are `unsupported`. */
  readonly sections: readonly SectionRule[];
  readonly unsafeFunctions: readonly UnsafeFunction[];
  /** Bytes that the jump to the new body takes at the start of the old one. */
  readonly jumpSize: number;
}

const noRule: SectionRule = { name: /^/, role: "unsupported" };

export function ruleForSection(policy: SectionPolicy, name: string): SectionRule {
  return policy.sections.find((rule) => rule.name.test(name)) ?? noRule;
}
