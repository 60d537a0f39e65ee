// Holds a command line to the rules that its options declare (option-spec.ts), before anything is
// read or tried; and tells completion which options are ruled out by those that stand there.

import {
  type Exclusion,
  exclusionsOf,
  type Need,
  type OptionSpec,
  type Required,
} from "./option-spec.ts";
import type { Given } from "./option-values.ts";
import type { ArgumentSpec } from "./spec.ts";
import {
  neededOption,
  optionList,
  optionSyntax,
  rangeWords,
  wordList,
} from "./text/option-words.ts";
import { UsageError } from "./usage-error.ts";

export interface RuledCommand {
  /** As it is typed: `xsplice lab up`. */
  readonly path: string;
  readonly arguments: readonly ArgumentSpec[];
  /** Those that every command takes, too. */
  readonly options: readonly OptionSpec[];
}

export interface CommandLine {
  readonly args: readonly string[];
  readonly given: Given;
}

/** @throws UsageError for what stands there against a rule, or is missing */
export function requireRules(command: RuledCommand, line: CommandLine): void {
  const standing = command.options.filter(({ name }) => line.given.has(name));
  for (const option of standing) {
    requireValues(option, line.given);
    requireNoneExcluded(command, option, line.given);
    requireNeeds(command, option, line.given);
  }
  requireFittingArguments(command, line);
  requireNothingMissing(command, line);
}

/** Whether `option` cannot be added to what is given already. */
export function isRuledOut(
  option: OptionSpec,
  others: readonly OptionSpec[],
  given: Given,
): boolean {
  if (given.has(option.name) && option.repeatable === undefined) return true;
  if (exclusionsOf(option, others).some((exclusion) => given.has(exclusion.option))) return true;
  return (option.needs ?? []).some((need) => given.has(need.option) && !isMet(need, given));
}

function requireValues({ name, choices, range }: OptionSpec, given: Given): void {
  for (const text of given.get(name) ?? []) {
    if (choices !== undefined && !choices.includes(text)) {
      throw badValue(name, text, `there is no such ${name}`, choices.join(", "));
    }
    if (range === undefined) continue;
    const isWhole = /^\d{1,15}$/.test(text);
    if (isWhole && range.min <= Number(text) && Number(text) <= range.max) continue;
    const state = isWhole ? "it is out of range" : "it is not a whole number";
    throw badValue(name, text, state, rangeWords(range));
  }
}

function badValue(name: string, text: string, state: string, expected: string): UsageError {
  return new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use ${JSON.stringify(text)} for --${name}: ${state}`,
    expected,
    remedy: `give another one, or leave --${name} out`,
  });
}

function requireNoneExcluded({ path, options }: RuledCommand, option: OptionSpec, given: Given) {
  const broken = exclusionsOf(option, options).find((exclusion) => given.has(exclusion.option));
  if (broken === undefined) return;
  throw notBoth(path, `--${option.name}`, broken);
}

function requireFittingArguments(
  { path, arguments: argumentSpecs }: RuledCommand,
  { args, given }: CommandLine,
): void {
  for (const { name, excludes = [] } of argumentSpecs.slice(0, args.length)) {
    const broken = excludes.find(({ option }) => given.has(option));
    if (broken !== undefined) throw notBoth(path, name, broken);
  }
}

function notBoth(path: string, given: string, { option, because }: Exclusion): UsageError {
  const why = because === undefined ? "" : `: ${because}`;
  return new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot run "${path}": ${given} does not go with --${option}${why}`,
    expected: `${given} or --${option}, not both`,
  });
}

function requireNeeds({ path }: RuledCommand, option: OptionSpec, given: Given): void {
  const value = given.get(option.name)?.at(-1) ?? "";
  const broken = (option.needs ?? []).find(
    (need) => (need.when?.holds(value) ?? true) && !isMet(need, given),
  );
  if (broken === undefined) return;
  const needed = neededOption(broken);
  const said = broken.when === undefined ? `--${option.name}` : `--${option.name} ${value}`;
  const because = broken.because === undefined ? "" : `: ${broken.because}`;
  throw new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot run "${path}": ${said} needs ${needed}${because}`,
    expected: `${needed}, or no --${option.name}`,
  });
}

function isMet({ option, or = [], value }: Need, given: Given): boolean {
  if (or.some((other) => given.has(other))) return true;
  const values = given.get(option);
  return values !== undefined && (value === undefined || values.at(-1) === value);
}

/** All that is missing, at once. */
function requireNothingMissing(
  { path, arguments: argumentSpecs, options }: RuledCommand,
  { args, given }: CommandLine,
): void {
  const noArgument = argumentSpecs.filter(
    ({ required }, index) => args.length <= index && isMissing(required, given),
  );
  const noOption = options.filter(
    ({ name, required }) => !given.has(name) && isMissing(required, given),
  );
  if (noArgument.length + noOption.length === 0) return;
  const names = [...noArgument.map(({ name }) => name), ...noOption.map(({ name }) => `--${name}`)];
  const remedies = noOption.flatMap(({ name, remedy }) =>
    remedy === undefined ? [] : [`--${name}: ${remedy}`],
  );
  throw new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot run "${path}": ${wordList(names, "and")} ${names.length === 1 ? "is" : "are"} missing`,
    expected: [
      ...noArgument.map((argument) => expectedLine(argument.name, argument)),
      ...noOption.map((option) => expectedLine(optionSyntax(option), option)),
    ].join("\n"),
    ...(remedies.length === 0 ? {} : { remedy: remedies.join("\n") }),
  });
}

function isMissing(required: Required | undefined, given: Given): boolean {
  if (required === undefined) return false;
  return required === "always" || !required.unless.some((name) => given.has(name));
}

/** `--to FILE... (or --to-dir): the payloads that should be applied`. */
function expectedLine(
  syntax: string,
  { description, required }: Pick<OptionSpec, "description" | "required">,
): string {
  const isChoice = required !== undefined && required !== "always";
  const others = isChoice ? ` (or ${optionList(required.unless, "or")})` : "";
  return `${syntax}${others}: ${description}`;
}
