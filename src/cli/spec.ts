// A command as data. program.ts makes commander's commands of it, man.ts the manual page,
// completion.ts the completions, so that none of them can tell another story than `--help`.

import type { LivepatchHost } from "../host/host.ts";
import type { CommandIo } from "./io.ts";
import type { Completion, Exclusion, OptionSpec, Unless } from "./option-spec.ts";
import type { OptionValues } from "./option-values.ts";

export interface ArgumentSpec {
  /** In capitals, as help shows it. */
  readonly name: string;
  readonly description: string;
  readonly count: "one" | "optional" | "many" | "one-or-many";
  /** Of what may be left out: only where another option does instead. */
  readonly required?: Unless;
  readonly excludes?: readonly Exclusion[];
  /** For who gives more than one, as in `xsplice revert a b`. */
  readonly remedyForMore?: string;
  readonly completes?: Completion;
}

interface Example {
  readonly command: string;
  readonly explains: string;
}

export interface CommandSpec {
  readonly name: string;
  /** One line, lower case, no full stop: for lists of commands. */
  readonly summary: string;
  /** Paragraphs, for `--help` and the manual page. */
  readonly description: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly [Example, ...Example[]];
  /** `stock`: a verb of xen-livepatch, with its exit codes. */
  readonly kind: "stock" | "own";
  readonly run: (call: CommandCall) => Promise<number>;
}

/** A command that only holds others, as `lab` and `lab guest`. */
export interface GroupSpec {
  readonly name: string;
  readonly summary: string;
  readonly description: readonly string[];
  readonly commands: readonly SpecEntry[];
}

export type SpecEntry = CommandSpec | GroupSpec;

/** Of the first level: command-tree.ts has the summaries, for a list of commands without their code. */
export type TopCommand = Omit<CommandSpec, "summary">;
export type TopGroup = Omit<GroupSpec, "summary">;

/** A command by its name alone. */
export type OutlineEntry = Pick<SpecEntry, "name" | "summary">;

/** Entries under one heading of the help. */
export interface TreeSection {
  readonly heading: string;
  readonly entries: readonly SpecEntry[];
}

/** The same, where some of the entries are there by their names alone. */
export interface OutlineSection {
  readonly heading: string;
  readonly entries: readonly (SpecEntry | OutlineEntry)[];
}

export function isLoaded(entry: SpecEntry | OutlineEntry): entry is SpecEntry {
  return "description" in entry;
}

export function isGroup(entry: SpecEntry): entry is GroupSpec {
  return "commands" in entry;
}

/** The commands below an entry that do something, or it itself, by their words. */
export function leavesOf(
  entry: SpecEntry,
  above: readonly string[] = [],
): readonly { readonly path: readonly string[]; readonly spec: CommandSpec }[] {
  const path = [...above, entry.name];
  if (!isGroup(entry)) return [{ path, spec: entry }];
  return entry.commands.flatMap((child) => leavesOf(child, path));
}

export interface GlobalOptions {
  /** Which host to talk to: `local`, `lab[:NAME]`, `ssh:USER@HOST`. */
  readonly host: string;
  readonly output: "text" | "json";
  /** For the whole of each call to the host. */
  readonly deadlineMs: number;
}

/** One invocation, decoded. */
export interface CommandCall {
  /** Values of the arguments, in order. */
  readonly args: readonly string[];
  readonly options: OptionValues;
  readonly globals: GlobalOptions;
  readonly io: CommandIo;
  readonly openHost: OpenHost;
  /** The help of the command at `path`, e.g. ["lab", "up"]; of everything for []. */
  readonly helpOf: (path: readonly string[]) => string;
  /** All that is loaded; the whole tree for the commands that describe it. */
  readonly tree: readonly TreeSection[];
}

export type OpenHost = (
  address: string,
  options: { readonly deadlineMs: number; readonly signal: AbortSignal },
) => Promise<LivepatchHost>;
