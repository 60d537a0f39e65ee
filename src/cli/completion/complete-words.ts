// What may stand at the end of a command line that somebody is typing.

import { isRuledOut } from "../option-rules.ts";
import { type Completion, type OptionSpec, optionNames, optionTakesValue } from "../option-spec.ts";
import type { Given } from "../option-values.ts";
import { globalOptionSpecs } from "../options/global.ts";
import { type CommandSpec, isGroup, type SpecEntry, type TreeSection } from "../spec.ts";

export interface Candidate {
  readonly word: string;
  readonly summary: string | undefined;
}

export interface Candidates {
  readonly words: readonly Candidate[];
  /** What else may stand there: to be asked of the shell, of the host, of this machine. */
  readonly also: "file" | "payload" | "lab" | "host" | "rule" | "nothing";
  /** `--option=`, where the value belongs to the same word; otherwise empty. */
  readonly before: string;
}

type Found = Omit<Candidates, "before">;

/** `words` are those after `xsplice`; the last one is unfinished, perhaps empty. */
export function completeWords(tree: readonly TreeSection[], words: readonly string[]): Candidates {
  const current = words.at(-1) ?? "";
  const typed = readTyped(tree, words.slice(0, -1));
  const [, name, value = ""] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  const option = typed.ended || typed.open ? undefined : findOption(typed.entry, name);
  if (option === undefined) return fitting(candidatesFor(tree, typed, current), "", current);
  return fitting(candidatesOf(tree, option.choices ?? option.completes), `${name}=`, value);
}

function fitting({ words, also }: Found, before: string, value: string): Candidates {
  const fits = words.filter(({ word }) => word.startsWith(value));
  return { also, before, words: fits.map((one) => ({ ...one, word: before + one.word })) };
}

/** By one of its names, dashes included. */
function findOption(
  entry: SpecEntry | undefined,
  name: string | undefined,
): OptionSpec | undefined {
  return optionsOf(entry).find(
    (spec) =>
      name !== undefined && (optionNames(spec).includes(name) || name === `--${spec.alias}`),
  );
}

interface Typed {
  /** Where the words have led to: `undefined` is the top. */
  readonly entry: SpecEntry | undefined;
  readonly positionals: number;
  readonly given: Given;
  /** The option whose value comes next. */
  readonly open: OptionSpec | undefined;
  /** `--` was typed: what follows belongs to another command. */
  readonly ended: boolean;
}

function readTyped(tree: readonly TreeSection[], words: readonly string[]): Typed {
  let typed: Typed = {
    entry: undefined,
    positionals: 0,
    given: new Map(),
    open: undefined,
    ended: false,
  };
  for (const word of words) {
    if (typed.ended) return typed;
    typed = readWord(tree, typed, word);
  }
  return typed;
}

function readWord(tree: readonly TreeSection[], before: Typed, word: string): Typed {
  const { open, given } = before;
  if (open !== undefined) {
    return { ...before, given: withValues(given, open, [word]), open: undefined };
  }
  if (word === "--") return { ...before, ended: true };
  if (word.startsWith("-")) {
    const [name = "", ...value] = word.split("="); // --name=value is one word.
    const option = findOption(before.entry, name);
    if (option === undefined) return before;
    if (optionTakesValue(option) && value.length === 0) return { ...before, open: option };
    return {
      ...before,
      given: withValues(given, option, value.length === 0 ? [] : [value.join("=")]),
    };
  }
  const child = childrenOf(tree, before.entry).find(({ name }) => name === word);
  if (child !== undefined) return { ...before, entry: child };
  return { ...before, positionals: before.positionals + 1 };
}

function withValues(given: Given, { name }: OptionSpec, values: readonly string[]): Given {
  return new Map([...given, [name, [...(given.get(name) ?? []), ...values]]]);
}

function candidatesFor(tree: readonly TreeSection[], typed: Typed, current: string): Found {
  if (typed.ended) return { words: [], also: "file" };
  if (typed.open !== undefined)
    return candidatesOf(tree, typed.open.choices ?? typed.open.completes);
  if (current.startsWith("-")) return { words: optionWords(typed), also: "nothing" };
  const children = childrenOf(tree, typed.entry);
  if (children.length > 0) return { words: children.map(entryWord), also: "nothing" };
  const { entry } = typed;
  if (entry === undefined || isGroup(entry)) return { words: [], also: "nothing" };
  return candidatesOf(tree, argumentAt(entry, typed.positionals)?.completes);
}

const hosts = ["local", "lab", "lab:", "ssh:"];

function candidatesOf(tree: readonly TreeSection[], what: Completion | undefined): Found {
  if (what === "file" || what === "payload" || what === "lab" || what === "rule") {
    return { words: [], also: what };
  }
  if (what === "host") {
    return { words: hosts.map((word) => ({ word, summary: undefined })), also: what };
  }
  if (what === "command") {
    return { words: childrenOf(tree, undefined).map(entryWord), also: "nothing" };
  }
  return { words: (what ?? []).map((word) => ({ word, summary: undefined })), also: "nothing" };
}

function argumentAt(
  spec: CommandSpec,
  position: number,
): CommandSpec["arguments"][number] | undefined {
  const last = spec.arguments.at(-1);
  return spec.arguments[position] ?? (last?.count.includes("many") ? last : undefined);
}

function childrenOf(
  tree: readonly TreeSection[],
  entry: SpecEntry | undefined,
): readonly SpecEntry[] {
  if (entry === undefined) return tree.flatMap(({ entries }) => entries);
  return isGroup(entry) ? entry.commands : [];
}

function optionsOf(entry: SpecEntry | undefined): readonly OptionSpec[] {
  const own = entry === undefined || isGroup(entry) ? [] : entry.options;
  return [...own, ...globalOptionSpecs];
}

const help: OptionSpec = { name: "help", description: "show help" };

/** Those that may still be added to what stands there. */
function optionWords({ entry, given }: Typed): Candidate[] {
  const options = [...optionsOf(entry), help];
  return options
    .filter((option) => !isRuledOut(option, options, given))
    .flatMap((option) =>
      optionNames(option).map((word) => ({ word, summary: option.description })),
    );
}

function entryWord({ name, summary }: SpecEntry): Candidate {
  return { word: name, summary };
}
