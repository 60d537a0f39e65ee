// What the comparison needs to know about sections: who reads them at run time, the format of their
// entries, and which functions must not be replaced. All of it is data, so that the objects of another
// kernel, or of another release, can be compared with another table. xen-policy.ts has Xen's.

export type SectionRole =
  /** Code, split at its symbols. */
  | "code"
  /** Never written after the link: constants, string literals. */
  | "read-only"
  /** Written at run time: its present value may differ from the object's. */
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
  /** Code without a name that belongs to the function which uses it. */
  | "attached-code"
  /** Entries that belong to the function into which they point. */
  | "table"
  /** Pointers to functions that the loader of a payload calls. */
  | "called-by-loader"
  /**
   * What a macro makes for each place where it is used, with a value of its own: whether a message was
   * printed once, the description of a debug message. It belongs to the code that refers to it, is
   * compared by its contents, and new code begins with a new one.
   */
  | "per-use"
  /** Its reader is unknown. */
  | "unsupported";

/** The kind of a field of a table's entry. */
export interface TableField {
  /** Offset from the entry's first byte, in bytes. */
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly meaning: /** A place in the function that the entry belongs to. */
    | "owner"
    /** A place elsewhere, or anywhere. */
    | "place"
    /** A number with a meaning. */
    | "value"
    /** The number of a source line. */
    | "line"
    /** Filled with bytes without meaning. */
    | "padding";
  /** The origin of the distance; fields that hold addresses have `absolute`. */
  readonly relativeTo?: "field" | "entry" | "absolute";
  /** Where in the entry a byte says how many bytes at the place belong to the entry. */
  readonly lengthAt?: number;
  /** The place has only the lower bits, and the line number of the source has the upper ones. */
  readonly placeBits?: number;
  /** The line number has only the lower bits; the others have a meaning. */
  readonly lineBits?: number;
}

export interface TableLayout {
  /** Of one entry, in bytes; undefined where each entry has a symbol, or a section, of its own. */
  readonly entrySize?: number;
  readonly fields: readonly TableField[];
}

export interface SectionRule {
  /** Of the whole name. */
  readonly name: RegExp;
  readonly role: SectionRole;
  /** For the roles `table` and `per-use`. */
  readonly layout?: TableLayout;
  /** The section's purpose, for refusals. */
  readonly purpose?: string;
}

/** For static variables whose role is another one than that of their section. */
export interface VariableRule extends Omit<SectionRule, "purpose"> {
  /** Of the whole name, with the compiler's number (`__warned.12`). */
  readonly name: RegExp;
}

/** A function that cannot be replaced safely, and why not. */
export interface UnsafeFunction {
  readonly name: RegExp;
  /** Of the source file, as the object's STT_FILE spells it; undefined for any. */
  readonly file?: RegExp;
  readonly reason: string;
}

export interface SectionPolicy {
  /** The first matching rule counts; sections without one are `unsupported`. */
  readonly sections: readonly SectionRule[];
  /** The first matching rule counts; most variables have the role of their section. */
  readonly variables?: readonly VariableRule[];
  /**
   * The parts of names that only count, as macros make them (`12` of `__UNIQUE_ID_x12`). The compiler's
   * own numbers (`count.3`) need no rule.
   */
  readonly counters?: readonly RegExp[];
  readonly unsafeFunctions: readonly UnsafeFunction[];
  /** Size of the jump to the new body at the start of the old one, in bytes. */
  readonly jumpSize: number;
}

const noRule: SectionRule = { name: /^/, role: "unsupported" };

export function ruleForSection(policy: SectionPolicy, name: string): SectionRule {
  return policy.sections.find((rule) => rule.name.test(name)) ?? noRule;
}
