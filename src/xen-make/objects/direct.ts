// Compiles objects by the commands that make has named in its dry run, without make: for one C file
// make reads all make files of Xen, which takes longer than its compiler. Only an object that comes from
// one C file of the source by a compile, and the change of a symbol's name that Xen's rule may append
// (CONFIG_ENFORCE_UNIQUE_SYMBOLS), is made so. All others are left to make, and so is whatever
// fails: a source that does not compile, and one that reads what make generates only then.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { quoteWord } from "../../quote-word.ts";
import { extraFlagsFor } from "../base.ts";
import { type CompileRecord, readDependencyFile } from "../dependencies.ts";
import { argumentOf, type Compile, type CompileUnit, type Listing } from "../listing.ts";
import type { MakeRun } from "../make-run.ts";
import { runCompiler } from "../run-compiler.ts";

export interface DirectRequest extends Pick<MakeRun, "tools" | "jobs"> {
  /** A working copy. */
  readonly tree: string;
  readonly units: readonly CompileUnit[];
  readonly signal?: AbortSignal | undefined;
}

/** Those that are left for make. @throws the reason of `signal` */
export async function compileDirectly({
  tree,
  units,
  tools,
  jobs,
  signal,
}: DirectRequest): Promise<readonly CompileUnit[]> {
  const waiting = units.flatMap((unit) => {
    const [compile] = unit.compiles;
    return compile?.finishing === undefined ? [] : [{ unit, compile }];
  });
  const made = new Set<CompileUnit>();
  const options = { cwd: join(tree, "xen"), environment: tools.environment };
  let hasFailed = false;
  const work = async (): Promise<void> => {
    for (;;) {
      const next = hasFailed ? undefined : waiting.shift();
      if (next === undefined) return;
      if (await compileOne(tree, next.compile, options, signal)) made.add(next.unit);
      else hasFailed = true;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return units.filter((unit) => !made.has(unit));
}

/** Whether it is made. */
async function compileOne(
  tree: string,
  compile: Compile,
  options: { readonly cwd: string; readonly environment: Readonly<Record<string, string>> },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const steps = [commandIn(tree, compile), ...(compile.finishing ?? [])];
  for (const [program = "", ...args] of steps) {
    const answer = await runCompiler(program, args, signal, options);
    if (answer.kind !== "ended" || answer.exitCode !== 0) return false;
  }
  const output = argumentOf(compile.command, "-o");
  if (output !== undefined && output !== compile.object) {
    rmSync(join(options.cwd, output), { force: true });
  }
  return true;
}

/** Of an object that compileDirectly() has made last in this tree; `undefined` where make did. */
export function findDirectRecord(
  tree: string,
  compile: Compile,
  aliases: Listing["aliases"],
): CompileRecord | undefined {
  // Where make compiles, it takes this file away.
  const written = argumentOf(compile.command, "-MF");
  if (written === undefined || !existsSync(join(tree, "xen", written))) return undefined;
  const text = readFileSync(join(tree, "xen", written), "utf8");
  return {
    command: commandIn(tree, compile).map(quoteWord).join(" "),
    dependencies: readDependencyFile(text, compile, aliases),
  };
}

/** As make would run it with our own flags. */
function commandIn(tree: string, { command }: Compile): readonly string[] {
  const [compiler = "", ...words] = command;
  return [compiler, ...extraFlagsFor(tree).split(" "), ...words];
}
