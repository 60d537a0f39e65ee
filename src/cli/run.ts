// One run of the command line, from arguments to an exit code. Every way it can end is decided
// here: help, success, a report, wrong use, ^C, our bug.

import type { DocumentContent } from "../documents/documents.ts";
import { XspliceError } from "../error.ts";
import { HostError } from "../host/errors.ts";
import { cacheFolder } from "../parts/cache-folder.ts";
import { loadTree } from "./command-tree.ts";
import { toDocument } from "./emit.ts";
import { ExitCode, ownExitCode, stockExitCode } from "./exit-code.ts";
import { type CommandIo, wantsColour } from "./io.ts";
import { optionNames, optionTakesValue } from "./option-spec.ts";
import { globalOptionSpecs } from "./options/global.ts";
import { buildProgram, HelpShown } from "./program.ts";
import { isGroup, isLoaded, type OpenHost, type OutlineSection } from "./spec.ts";
import { asSystemError } from "./system-error.ts";
import { TerminalDoor } from "./terminal-door.ts";
import { renderBug, renderError } from "./text/render-error.ts";
import { welcomeText } from "./text/welcome.ts";
import { packageVersion } from "./version.ts";

/** What comes from outside; a test hands in its own. */
export interface CliParts {
  readonly io: CommandIo;
  readonly openHost: OpenHost;
}

/** Never throws. */
export async function runCli(args: readonly string[], parts: CliParts): Promise<number> {
  const [stdout, stderr] = [new TerminalDoor(parts.io.stdout), new TerminalDoor(parts.io.stderr)];
  const exitCode = await runWith(args, { ...parts, io: { ...parts.io, stdout, stderr } });
  await Promise.all([stdout.passed(), stderr.passed()]);
  return exitCode;
}

async function runWith(args: readonly string[], parts: CliParts): Promise<number> {
  const { io } = parts;
  if (args.length === 0) {
    io.stdout.write(welcomeText());
    return ExitCode.success;
  }
  const words = findWords(args);
  const [verb] = words;
  const tree = await loadTree(words, ownWords(args).some(asksForHelp) ? "own" : "all it needs");
  const program = buildProgram({ ...parts, tree, version: packageVersion() });
  try {
    return await program.run(args);
  } catch (error) {
    if (error instanceof HelpShown) return ExitCode.success;
    if (io.signal.aborted) return stopped(io, args);
    return failed(error, { args, io, isStock: isStock(tree, verb, args) });
  }
}

const noHostError = { errno: undefined, unexpectedCode: undefined };

interface Failed {
  readonly args: readonly string[];
  readonly io: CommandIo;
  readonly isStock: boolean;
}

function stopped(io: CommandIo, args: readonly string[]): number {
  writeReport(io, args, { code: "stopped", problem: "Stopped by a signal" }, "Stopped.");
  return ExitCode.interrupted;
}

function failed(thrown: unknown, { args, io, isStock }: Failed): number {
  const error = asSystemError(thrown, cacheFolder(io.env)) ?? thrown;
  if (!(error instanceof XspliceError)) {
    writeReport(io, args, { code: "bug", problem: String(error) }, renderBug(error));
    return ExitCode.bug;
  }
  const { errno, unexpectedCode } = error instanceof HostError ? error : noHostError;
  const report = { ...error.report, errno, unexpectedCode };
  writeReport(io, args, report, renderError(error, isStock ? "stock" : "own"));
  return isStock ? stockExitCode(error) : ownExitCode(error);
}

function writeReport(
  io: CommandIo,
  args: readonly string[],
  report: DocumentContent<"error">["error"],
  text: string,
): void {
  // Read from the arguments as typed: they may be what could not be parsed.
  if (ownWords(args).includes("--json")) io.stdout.write(toDocument("error", { error: report }));
  else writeError(io, text);
}

/** Not those behind `--`, which are somebody else's. */
function ownWords(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end < 0 ? args : args.slice(0, end);
}

function asksForHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** The first line says what failed; it is the one to be seen. */
function writeError({ stderr, env }: CommandIo, text: string): void {
  if (!wantsColour(stderr, env)) {
    stderr.write(`${text}\n`);
    return;
  }
  const [first = "", ...rest] = text.split("\n");
  stderr.write(Buffer.from("\u001b[1;31m"));
  stderr.write(first);
  stderr.write(Buffer.from("\u001b[0m"));
  stderr.write(`${["", ...rest].join("\n")}\n`);
}

/** Those that are neither an option nor the value of a global one: the first is the verb. */
function findWords(args: readonly string[]): readonly string[] {
  const takeValue = globalOptionSpecs.filter(optionTakesValue).flatMap(optionNames);
  return args.filter(
    (word, index) => !word.startsWith("-") && !takeValue.includes(args[index - 1] ?? ""),
  );
}

function isStock(
  tree: readonly OutlineSection[],
  verb: string | undefined,
  args: readonly string[],
): boolean {
  // `--force` alone is an error of xen-livepatch too.
  if (verb === undefined) return args.includes("--force");
  const entries = tree.flatMap((section) => section.entries.filter(isLoaded));
  return entries.some((entry) => entry.name === verb && !isGroup(entry) && entry.kind === "stock");
}
