// What the options of one command line say, by their long names without dashes. The rules of the
// command (option-rules.ts) have been held to before a command reads it.

import { invariant } from "../invariant.ts";

/** The values of each option that stands there; none of a flag. */
export type Given = ReadonlyMap<string, readonly string[]>;

export class OptionValues {
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  /** Whether it stands there without a value. */
  has(name: string): boolean {
    return this.#given.get(name)?.length === 0;
  }

  text(name: string): string | undefined {
    return this.#given.get(name)?.at(-1);
  }

  texts(name: string): readonly string[] {
    return this.#given.get(name) ?? [];
  }

  /** Of an option that is required. */
  requiredText(name: string): string {
    const text = this.text(name);
    invariant(text !== undefined, `no command line without --${name} comes here`);
    return text;
  }

  /** Of an option with a range. */
  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }

  /** Of an option with these choices. */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    return choices.find((choice) => choice === text);
  }
}
