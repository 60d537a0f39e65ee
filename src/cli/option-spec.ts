// An option as data, with its rules: what its value may be, and what it needs and excludes of the
// others. Parsing, help, the manual page, completion and errors all read them here; option-rules.ts
// holds a command line to them, text/option-words.ts says them.

export interface OptionSpec {
  /** The long one, without its dashes. */
  readonly name: string;
  /** A second name, of one letter. */
  readonly letter?: string;
  /** A long name that works as well, and is not shown. */
  readonly alias?: string;
  /** What stands for the value in help, in capitals; a flag has none. */
  readonly value?: string;
  /** `optional`: the value may be left out. `many`: several may follow each other. */
  readonly valueCount?: "optional" | "many";
  /** What the value may be, and nothing else. */
  readonly choices?: readonly string[];
  /** Of a whole number. */
  readonly range?: Range;
  readonly description: string;
  /** What holds where the option does not stand, in words. */
  readonly default?: string;
  /** May stand more than once. */
  readonly repeatable?: "yes";
  /** Beside `choices`, which complete by themselves. */
  readonly completes?: Completion;
  readonly required?: Required;
  readonly needs?: readonly Need[];
  /** Told by one of the two; it holds for both. */
  readonly excludes?: readonly Exclusion[];
  /** Where somebody gets what the value names. */
  readonly remedy?: string;
}

export type Completion =
  | "file"
  /** A name of a loaded payload. */
  | "payload"
  /** A name of a running lab. */
  | "lab"
  | "host"
  /** A rule of `check`. */
  | "rule"
  | "command"
  | readonly string[];

export interface Range {
  readonly min: number;
  readonly max: number;
}

export type Required = "always" | Unless;

/** One of these options does instead. */
export interface Unless {
  readonly unless: readonly string[];
}

export interface Need {
  readonly option: string;
  /** Each of these does as well. */
  readonly or?: readonly string[];
  /** Its value has to be this one. */
  readonly value?: string;
  /** Only for some values of the option that needs it. */
  readonly when?: {
    readonly words: string;
    readonly holds: (value: string) => boolean;
  };
  /** For who has left it out. */
  readonly because?: string;
}

export interface Exclusion {
  readonly option: string;
  /** For who has given both. */
  readonly because?: string;
}

/** `["-o", "--output"]`, as they are typed. */
export function optionNames({ letter, name }: OptionSpec): readonly string[] {
  return letter === undefined ? [`--${name}`] : [`-${letter}`, `--${name}`];
}

/** What follows belongs to it: an optional value does not have to. */
export function optionTakesValue({ value, valueCount }: OptionSpec): boolean {
  return value !== undefined && valueCount !== "optional";
}

/** By its own word, or by that of one of the `others`. */
export function exclusionsOf(
  { name, excludes = [] }: OptionSpec,
  others: readonly OptionSpec[],
): readonly Exclusion[] {
  const byOthers = others.flatMap((other) =>
    (other.excludes ?? [])
      .filter(({ option }) => option === name)
      .map((exclusion) => ({ ...exclusion, option: other.name })),
  );
  return [...excludes, ...byOthers];
}
