// What an object depends on: read from what Xen's make files record beside each object (`.x.o.cmd`),
// or asked from the compiler (`-M`), with the same flags, without compiling.

import { basename, dirname, join, relative, resolve } from "node:path";
import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { type RunResult, runProcess } from "../parts/run-process.ts";
import { type Compile, commandIn } from "./listing/compile-command.ts";
import { normalizePath } from "./listing.ts";
import { requireMade } from "./sandbox/made-file.ts";
import { confined } from "./sandbox/sandbox.ts";
import { splitCommands } from "./shell.ts";
import type { MakeTools } from "./tools.ts";

export const recordSchema = v.object({
  /** As it was run, in one line. */
  command: v.string(),
  /** Below `xen/`, sorted, the source among them. */
  dependencies: v.array(v.string()),
});
export type CompileRecord = Described<typeof recordSchema>;

/** Of what a compiler has written for `-MMD -MP`. */
export function readDependencyFile(
  text: string,
  compile: Compile,
  names: NamesIn,
): readonly string[] {
  // Rules for single headers follow.
  const [rule = ""] = text.split(/(?<!\\)\n/);
  return namedBelowXen(compile, parseRule(rule).filter(isSource), names);
}

/** The settings, which the base fixes, are none: fixdep leaves them out, too. */
function isSource(file: string): boolean {
  return !/(^|\/)include\/generated\/autoconf\.h$/.test(file);
}

/** What make has recorded of an object that it has compiled in this tree. */
export function readRecord(
  xen: string,
  compile: Compile,
  aliases: Readonly<Record<string, string>>,
): CompileRecord {
  const place = join(xen, dirname(compile.object), `.${basename(compile.object)}.cmd`);
  const text = requireMade(place, `the record of ${compile.object}`).toString("utf8");
  const command = /^cmd_\S+ := (.*)$/m.exec(text)?.[1] ?? "";
  const [, list = ""] = /^deps_\S+ := \\\n((?:[^\n]*\\\n)*)/m.exec(text) ?? [];
  const files = list
    .replaceAll(/\$\(wildcard [^)]*\)/g, "") // Configuration settings, which the base fixes.
    .split(/[\s\\]+/)
    .filter((name) => name !== "");
  return {
    command: command.replaceAll("$(pound)", "#").replaceAll("$$", "$"),
    dependencies: [
      ...new Set([compile.source, ...files.map((file) => normalizePath(file, aliases))]),
    ].sort(),
  };
}

/**
 * Asks the compiler. `undefined` when it refuses: a source that the build generates only later.
 * @throws the reason of `signal`
 */
export async function askDependencies(
  tree: string,
  compile: Compile,
  options: {
    readonly tools: Pick<MakeTools, "environment" | "sandbox">;
    readonly aliases: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly string[] | undefined> {
  // -MG: a header that is not there yet is generated later, and still a dependency.
  const { tools, aliases, signal } = options;
  const answer = await askCompiler(tools, compile, { tree, questions: ["-M", "-MG"], signal });
  if (answer.exitCode !== 0) return undefined;
  return namedBelowXen(compile, parseRule(answer.stdout), { aliases, tree });
}

export interface CompilerQuestion {
  /** A prepared copy of the source, which is only read. */
  readonly tree: string;
  /** Options that ask for something else than an object. */
  readonly questions: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** By the command of a compile. */
export function askCompiler(
  { environment, sandbox }: Pick<MakeTools, "environment" | "sandbox">,
  compile: Compile,
  { tree, questions, signal }: CompilerQuestion,
): Promise<RunResult> {
  const { words, cwd } = commandIn(tree, compile);
  const argv = [...withoutOutputs(words), ...questions];
  const command = confined(sandbox, argv, { tree, access: "read", folder: cwd });
  return runProcess(command, { cwd, env: { ...environment }, signal });
}

/** The prerequisites of one rule as compilers write them: `x.o: a.c b.h \`. */
export function parseRule(rule: string): string[] {
  const [, list = ""] = /^[^:]*:([\s\S]*)$/.exec(rule) ?? [];
  return (splitCommands(list.replaceAll("\\\n", " ").trim())[0] ?? []).filter(
    (name) => name !== "",
  );
}

/** A compile command without what it would write: for asking the compiler something else. */
export function withoutOutputs(command: readonly string[]): string[] {
  const withArgument = /^-(o|MF|MQ|MT)$/;
  return command.filter(
    (word, at) =>
      !withArgument.test(word) &&
      !withArgument.test(command[at - 1] ?? "") &&
      !/^-(MMD|MD|MP|c)$/.test(word),
  );
}

export interface NamesIn {
  readonly aliases: Readonly<Record<string, string>>;
  /** The copy of the source in which the compiler ran. */
  readonly tree: string;
}

/** Files that a compiler names from where it ran, and the source. */
function namedBelowXen(
  { source, folder = "" }: Compile,
  files: readonly string[],
  { aliases, tree }: NamesIn,
): readonly string[] {
  const xen = join(tree, "xen");
  const below = files.map((file) => relative(xen, resolve(xen, folder, file)));
  return [...new Set([source, ...below.map((file) => normalizePath(file, aliases))])].sort();
}
