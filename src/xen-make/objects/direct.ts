// Compiles objects by the commands that make has named in its dry run, without make: for one C file
// make reads all make files of Xen, which takes longer than its compiler. Only an object that comes from
// one C file of the source by a compile, and the change of a symbol's name that Xen's rule may append
// (CONFIG_ENFORCE_UNIQUE_SYMBOLS), is made so. All others are left to make, and so is whatever
// fails: a source that does not compile, and one that reads what make generates only then.

import { basename, dirname, join } from "node:path";
import { quoteWord } from "../../quote-word.ts";
import { extraFlagsFor } from "../base.ts";
import { type CompileRecord, readDependencyFile } from "../dependencies.ts";
import { type Compile, commandIn, fileOf } from "../listing/compile-command.ts";
import type { CompileUnit, Listing } from "../listing.ts";
import type { MakeRun } from "../make-run.ts";
import { runCompiler } from "../run-compiler.ts";
import { readMade } from "../sandbox/made-file.ts";
import { confined } from "../sandbox/sandbox.ts";
import { replaceFile } from "../scratch-tree.ts";
import type { MakeTools } from "../tools.ts";

export interface ObjectsRequest extends Pick<MakeRun, "tools" | "jobs"> {
  /** A working copy. */
  readonly tree: string;
  readonly units: readonly CompileUnit[];
  readonly signal?: AbortSignal | undefined;
  /** Of a copy that is for compilers alone. */
  readonly beforeMake?: (() => void) | undefined;
}

/** Those that are left for make. @throws the reason of `signal` */
export async function compileDirectly({
  tree,
  units,
  tools,
  jobs,
  signal,
}: ObjectsRequest): Promise<readonly CompileUnit[]> {
  const waiting = units.flatMap((unit) => {
    const [compile] = unit.compiles;
    return compile?.finishing === undefined ? [] : [{ unit, compile }];
  });
  const made = new Set<CompileUnit>();
  let hasFailed = false;
  const work = async (): Promise<void> => {
    for (;;) {
      const next = hasFailed ? undefined : waiting.shift();
      if (next === undefined) return;
      if (await compileOne(tree, next.compile, tools, signal)) made.add(next.unit);
      else hasFailed = true;
    }
  };
  const workers = Array.from({ length: jobs }, work);
  // For all of them, so that no compiler goes on in a directory that is removed.
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return units.filter((unit) => !made.has(unit));
}

/** Whether it is made. */
async function compileOne(
  tree: string,
  compile: Compile,
  { environment, sandbox }: Pick<MakeTools, "environment" | "sandbox">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const xen = join(tree, "xen");
  const { words, cwd } = commandIn(tree, compile);
  const steps = [
    { words: withOwnFlags(tree, words), cwd },
    ...(compile.finishing ?? []).map((finishing) => ({ words: finishing, cwd: xen })),
  ];
  for (const step of steps) {
    const reach = { tree, access: "write", folder: step.cwd } as const;
    const [program = "", ...args] = confined(sandbox, step.words, reach);
    const answer = await runCompiler(program, args, signal, { cwd: step.cwd, environment });
    if (answer.kind !== "ended" || answer.exitCode !== 0) return false;
  }
  const output = fileOf(compile, "-o");
  if (output !== undefined && output !== compile.object) {
    replaceFile(tree, `xen/${output}`, undefined);
  }
  return true;
}

/**
 * By what the compiler wrote itself: of an object that compileDirectly() has made last in this tree, or
 * a make of Xen up to 4.16. `undefined` where make keeps a record of its own.
 */
export function findDirectRecord(
  tree: string,
  compile: Compile,
  aliases: Listing["aliases"],
): CompileRecord | undefined {
  // Where make keeps a record, it takes this file away.
  const { object } = compile;
  const written = fileOf(compile, "-MF") ?? join(dirname(object), `.${basename(object)}.d`);
  const text = readMade(join(tree, "xen", written))?.toString("utf8");
  if (text === undefined) return undefined;
  return {
    command: withOwnFlags(tree, commandIn(tree, compile).words).map(quoteWord).join(" "),
    dependencies: readDependencyFile(text, compile, { aliases, tree }),
  };
}

/** As make would run it with our own flags. */
function withOwnFlags(
  tree: string,
  [compiler = "", ...words]: readonly string[],
): readonly string[] {
  return [compiler, ...extraFlagsFor(tree).split(" "), ...words];
}
