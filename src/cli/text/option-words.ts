// An option as text: how it is typed, and its rules after its description.

import {
  exclusionsOf,
  type Need,
  type OptionSpec,
  type Range,
  type Required,
} from "../option-spec.ts";

/** `-o, --output FILE`. */
export function optionSyntax(option: OptionSpec): string {
  return withValue(option, (value) => value);
}

/** `-o, --output <FILE>`, as help prints it and commander parses it. */
export function optionSyntaxInBrackets(option: OptionSpec): string {
  return withValue(option, (value) => `<${value}>`);
}

function withValue(
  { letter, name, value, valueCount }: OptionSpec,
  required: (value: string) => string,
): string {
  const names = letter === undefined ? `--${name}` : `-${letter}, --${name}`;
  if (value === undefined) return names;
  switch (valueCount) {
    case "optional":
      return `${names} [${value}]`;
    case "many":
      // commander requires the dots inside of the brackets.
      return `${names} ${required(`${value}...`)}`;
    default:
      return `${names} ${required(value)}`;
  }
}

/** The description, with further facts in parentheses; `others` are all options of the command. */
export function describeOption(option: OptionSpec, others: readonly OptionSpec[]): string {
  const { description, range, default: otherwise, repeatable, needs = [] } = option;
  const excluded = exclusionsOf(option, others).map((exclusion) => exclusion.option);
  const notes = [
    ...requiredWords(option.required),
    ...needs.map(needWords),
    ...(excluded.length === 0 ? [] : [`not with ${optionList(excluded, "or")}`]),
    ...(range === undefined ? [] : [rangeWords(range)]),
    ...(otherwise === undefined ? [] : [`default: ${otherwise}`]),
    ...(repeatable === undefined ? [] : ["may be repeated"]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`;
}

function requiredWords(required: Required | undefined): readonly string[] {
  if (required === undefined) return [];
  if (required === "always") return ["required"];
  return [`required unless ${optionList(required.unless, "or")}`];
}

function needWords(need: Need): string {
  const where = need.when === undefined ? "" : ` where ${need.when.words}`;
  return `needs ${neededOption(need)}${where}`;
}

/** `--mode cumulative`; `--stack or --tree`. */
export function neededOption({ option, or = [], value }: Need): string {
  const needed = value === undefined ? `--${option}` : `--${option} ${value}`;
  return wordList([needed, ...or.map((other) => `--${other}`)], "or");
}

export function rangeWords({ min, max }: Range): string {
  return `${min} to ${max}`;
}

/** `--a, --b or --c`. */
export function optionList(names: readonly string[], last: "and" | "or"): string {
  return wordList(
    names.map((name) => `--${name}`),
    last,
  );
}

export function wordList(words: readonly string[], last: "and" | "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}
