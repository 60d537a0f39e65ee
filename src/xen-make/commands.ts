// What Xen's make would run, from a dry run, and what of it differs between two of them. Commands are
// known by what they write, so that their order among each other does not count; the order of words
// inside a command does. Objects that are linked in another order are told apart: what that means is for others.

import { basename } from "node:path/posix";
import { commandsIn } from "./listing/dry-run.ts";

export interface Commands {
  /** What a command writes, to all commands that write it. */
  readonly writing: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** Commands that write nothing which can be seen, as text. */
  readonly others: ReadonlySet<string>;
}

/** `tree` is where make was run: its place does not count. */
export function readCommands(dryRun: string, tree: string): Commands {
  const writing = new Map<string, (readonly string[])[]>();
  const others = new Set<string>();
  for (const { words: named } of commandsIn(dryRun, tree)) {
    const words = tree === "" ? named : named.map((word) => word.replaceAll(tree, ""));
    if (isOnlyTold(words)) continue;
    const [output] = outputsOf(words);
    if (output === undefined) others.add(words.join(" "));
    else writing.set(output, [...(writing.get(output) ?? []), words]);
  }
  return { writing, others };
}

/** All words of all commands: each file that one of them reads or runs is among them. */
export function wordsOf({ writing, others }: Commands): ReadonlySet<string> {
  const words = [...writing.values()].flat(2);
  return new Set([...words, ...[...others].flatMap((text) => text.split(" "))]);
}

export interface CommandChanges {
  /** What is otherwise than before, a sentence each. */
  readonly differences: readonly string[];
  /** Objects that a link takes before or behind others than it did; the fewest that explain it. */
  readonly moved: ReadonlySet<string>;
}

/** What is made besides is no difference, nor that it is linked with the rest. */
export function compareCommands(before: Commands, after: Commands): CommandChanges {
  const fresh = notIn(filesWritten(after), filesWritten(before));
  const gone = notIn(filesWritten(before), filesWritten(after));
  const differences: string[] = [];
  const moved = new Set<string>();
  for (const [output, commands] of before.writing) {
    const now = after.writing.get(output);
    if (now === undefined) {
      if (isOfInterest(output)) differences.push(`${output} is not made any more`);
      continue;
    }
    const [old, own] = [without(commands, gone), without(now, fresh)];
    if (JSON.stringify(old) === JSON.stringify(own)) continue;
    const inOrder = movedInLink(old, own);
    for (const object of inOrder ?? []) moved.add(object);
    if (inOrder === undefined) {
      differences.push(`${output} is made ${differenceOf(old.flat(), own.flat())}`);
    }
  }
  const isKnown = (text: string) => text.split(" ").some((word) => fresh.has(word));
  const isLost = (text: string) => text.split(" ").some((word) => gone.has(word));
  for (const text of notIn(after.others, before.others)) {
    if (!isKnown(text)) differences.push(`make also runs "${text}"`);
  }
  for (const text of notIn(before.others, after.others)) {
    if (!isLost(text)) differences.push(`make does not run "${text}" any more`);
  }
  return { differences, moved };
}

/** Undefined unless both are one link, in which nothing but the order of objects differs. */
function movedInLink(
  before: readonly (readonly string[])[],
  after: readonly (readonly string[])[],
): readonly string[] | undefined {
  const [[old], [own]] = [before, after];
  if (old === undefined || own === undefined || before.length !== 1 || after.length !== 1) {
    return undefined;
  }
  // The order inside of an archive says which object is taken for a symbol.
  if (!/(^|-)ld(\.bfd)?$/.test(basename(old[0] ?? ""))) return undefined;
  const isObject = (word: string) => word.endsWith(".o");
  const withoutObjects = (words: readonly string[]) =>
    words.map((word) => (isObject(word) ? "" : word)).join("\0");
  if (withoutObjects(old) !== withoutObjects(own)) return undefined;
  const [objects, now] = [old.filter(isObject), own.filter(isObject)];
  if ([...objects].sort().join("\0") !== [...now].sort().join("\0")) return undefined;
  const kept = inBoth(objects, now);
  return now.filter((object) => !kept.has(object));
}

/** The longest list of words that are in both, in this order. */
function inBoth(one: readonly string[], other: readonly string[]): ReadonlySet<string> {
  // Of what begins at each place; each word is in both, once.
  const places = new Map(other.map((word, at) => [word, at]));
  const best: { readonly at: number; readonly length: number; readonly next: number }[] = [];
  for (let index = one.length - 1; index >= 0; index--) {
    const at = places.get(one[index] as string) ?? -1;
    let [length, next] = [1, -1];
    for (let later = index + 1; later < one.length; later++) {
      const found = best[later];
      if (found === undefined || found.at < at || found.length < length) continue;
      [length, next] = [found.length + 1, later];
    }
    best[index] = { at, length, next };
  }
  const longest = Math.max(0, ...best.map(({ length }) => length));
  const kept = new Set<string>();
  let index = best.findIndex(({ length }) => length === longest);
  while (index >= 0) {
    kept.add(one[index] as string);
    index = best[index]?.next ?? -1;
  }
  return kept;
}

/** Words for people, records for the next run of make, and make itself, whose commands follow. */
function isOnlyTold(words: readonly string[]): boolean {
  const program = basename(words[0] ?? "");
  return /^(echo|printf|fixdep|g?make)$/.test(program);
}

/** What a command writes, that by which it is known first. */
function outputsOf(words: readonly string[]): readonly string[] {
  const after = (option: string) =>
    words.flatMap((word, at) => (word === option ? (words[at + 1] ?? []) : []));
  const named = [...after("-MQ"), ...after("-o"), ...after("-MF"), ...after(">"), ...after(">>")];
  const stuck = words.flatMap((word) => /^\d?>+([^>&].*)$/.exec(word)?.[1] ?? []);
  const program = basename(words[0] ?? "");
  const last = /(^|-)(objcopy(-\d+)?|ln|mv|cp)$/.test(program) ? words.slice(-1) : [];
  const archive = /(^|-)ar$/.test(program) ? words.slice(2, 3) : [];
  return [...named, ...stuck, ...last, ...archive].filter((name) => name !== "/dev/null");
}

function filesWritten({ writing }: Commands): ReadonlySet<string> {
  return new Set([...writing.values()].flat().flatMap(outputsOf));
}

/** Not what lies there only between two commands. */
function isOfInterest(output: string): boolean {
  return !/\.(tmp|d|cmd|new)$/.test(output);
}

function notIn(some: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...some].filter((one) => !others.has(one)));
}

function without(
  commands: readonly (readonly string[])[],
  names: ReadonlySet<string>,
): readonly (readonly string[])[] {
  return commands.map((words) => words.filter((word) => !names.has(word)));
}

function differenceOf(before: readonly string[], after: readonly string[]): string {
  const gained = after.filter((word) => !before.includes(word));
  const lost = before.filter((word) => !after.includes(word));
  const parts = [
    ...(gained.length > 0 ? [`with ${gained.join(" ")}`] : []),
    ...(lost.length > 0 ? [`without ${lost.join(" ")}`] : []),
  ];
  if (parts.length > 0) return parts.join(", ");
  return before.length === after.length
    ? `from the same words in another order: ${firstMoved(before, after)}`
    : "by another number of the same words";
}

function firstMoved(before: readonly string[], after: readonly string[]): string {
  const at = before.findIndex((word, index) => word !== after[index]);
  return `${after[at]} comes before ${before[at]}`;
}
