// Runs gcc or clang on hand-written C so that the object fits into a payload; compiler-flags.ts says
// what makes it fit.

import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { BuilderError } from "../build-outcome/builder-error.ts";
import type { Architecture } from "../isa/architecture.ts";
import { findProgram } from "../parts/parts.ts";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";
import {
  architectureFlags,
  type CompilerKind,
  commonFlags,
  type Thunks,
  thunkFlags,
} from "./compiler-flags.ts";
import { listOfRead, type ReadText, readTexts } from "./compilers/read-texts.ts";
import { ASK_TARGET, whyWrongTarget } from "./compilers/target.ts";
import { OWN_HEADERS } from "./own-headers.ts";
import { type CompilerAnswer, runCompiler } from "./run-compiler.ts";

/** Declarations for payload code; included in front of every source. */
const PAYLOAD_HEADER = join(OWN_HEADERS, "xsplice.h");

const defaultCompilers: Readonly<Record<Architecture, string>> = {
  x86_64: process.arch === "x64" ? "gcc" : "x86_64-linux-gnu-gcc",
  aarch64: process.arch === "arm64" ? "gcc" : "aarch64-linux-gnu-gcc",
};

export interface Compiler extends CompilerKind {
  /** As it was asked for: a name on the PATH, or a path. */
  readonly command: string;
  /** First line of its version text. */
  readonly version: string;
  /** For thunks, as far as this compiler knows them. */
  readonly thunkFlags: readonly string[];
  /** One line for each flag that it does not know. */
  readonly warnings: string;
}

export interface WantedCompiler {
  readonly architecture: Architecture;
  /** The machine's usual one for the architecture if undefined. */
  readonly command: string | undefined;
  /** The PATH on which the usual one is, where it is another than that of this process. */
  readonly path?: string | undefined;
  /** Thunks that the hypervisor has, so that code takes them like Xen's own. */
  readonly thunks: Thunks;
  readonly signal?: AbortSignal | undefined;
}

/** @throws BuilderError builder/no-compiler; the reason of `signal` */
export async function findCompiler(wanted: WantedCompiler): Promise<Compiler> {
  const { architecture, signal } = wanted;
  const usual = defaultCompilers[architecture];
  const onPath = wanted.path === undefined ? undefined : findProgram(usual, { PATH: wanted.path });
  const command = wanted.command || onPath || usual;
  const answer = await runCompiler(command, ["--version"], signal);
  if (answer.kind === "failed" || answer.exitCode !== 0) throw noCompiler(command, answer);
  const kind = /\bclang\b/.test(answer.stdout) ? "clang" : "gcc";
  if (kind === "gcc") await requireTarget(command, architecture, signal);
  const flags = thunkFlags(kind, architecture, wanted.thunks);
  const known = await Promise.all(flags.map((flag) => knowsFlag(command, flag, signal)));
  return {
    command,
    version: answer.stdout.split("\n")[0] ?? "",
    kind,
    architecture,
    thunkFlags: flags.filter((_, index) => known[index]),
    warnings: flags
      .filter((_, index) => !known[index])
      .map((flag) => withoutThunks(command, flag))
      .join(""),
  };
}

async function requireTarget(
  command: string,
  architecture: Architecture,
  signal: AbortSignal | undefined,
): Promise<void> {
  const answer = await runCompiler(command, [ASK_TARGET], signal);
  if (answer.kind === "failed" || answer.exitCode !== 0) return;
  const wrong = whyWrongTarget(answer.stdout, architecture);
  if (wrong === undefined) return;
  const { state, expected, remedy } = wrong;
  throw new BuilderError({
    code: "builder/no-compiler",
    problem: `Cannot compile with "${command}": ${state}`,
    expected,
    remedy,
  });
}

function noCompiler(command: string, answer: CompilerAnswer): BuilderError {
  const state = answer.kind === "failed" ? answer.reason : `it does not know "--version"`;
  return new BuilderError({
    code: "builder/no-compiler",
    problem: `Cannot run the compiler "${command}": ${state}`,
    expected: "gcc or clang",
    remedy: "install one, or name it with --cc or in $CC",
  });
}

/** clang knows return thunks from 15 on, gcc both kinds from 7.3 on. */
function withoutThunks(command: string, flag: string): string {
  return (
    `warning: ${command} does not know ${flag}, which the hypervisor was built with: the new code ` +
    "lacks this protection against speculation; use gcc, or clang 15 or later\n"
  );
}

export interface CompileRequest {
  /** The C file, as the user named it. */
  readonly source: string;
  /** The object file that is to be made. */
  readonly output: string;
  /** Files to include in front, besides PAYLOAD_HEADER. */
  readonly includes: readonly string[];
  /** The user's own, last. */
  readonly extraFlags: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export interface CompiledObject {
  readonly bytes: Uint8Array;
  /** The compiler's own words. */
  readonly warnings: string;
  /** What it has read of the author's, the source first. */
  readonly texts: readonly ReadText[];
}

/** @throws BuilderError; the reason of the request's signal */
export async function compileSource(
  compiler: Compiler,
  request: CompileRequest,
): Promise<CompiledObject> {
  const { source, output, includes, extraFlags } = request;
  await readSource(source);
  const folder = `${dirname(resolve(source))}/`;
  const flags = [
    ...commonFlags,
    ...architectureFlags(compiler),
    ...compiler.thunkFlags,
    `-ffile-prefix-map=${folder}=`,
    `-ffile-prefix-map=${OWN_HEADERS}/=`,
    `-I${OWN_HEADERS}`,
    ...[PAYLOAD_HEADER, ...includes].flatMap((file) => ["-include", file]),
    ...extraFlags,
    ...["-MMD", "-MF", listOfRead(output)],
    ...["-c", resolve(source), "-o", output],
  ];
  const answer = await runCompiler(compiler.command, flags, request.signal);
  if (answer.kind === "failed" || answer.exitCode !== 0) {
    throw compileFailed(compiler, source, answer);
  }
  const bytes = await readObject(compiler, request);
  const texts = await readTexts(resolve(source), listOfRead(output), [OWN_HEADERS, ...includes]);
  return { bytes, warnings: answer.stderr, texts };
}

function compileFailed(
  { command }: Compiler,
  source: string,
  answer: CompilerAnswer,
): BuilderError {
  const problem = `Cannot compile "${source}"`;
  if (answer.kind === "failed") {
    const report = { problem: `${problem} by ${command}: ${answer.reason}` } as const;
    return new BuilderError({ code: "builder/compile-failed", ...report });
  }
  const said = (answer.stderr || answer.stdout).trimEnd();
  const wantsXen = /: (xen|asm|public|xsm|acpi)\/\S+: No such file/.test(said);
  return new BuilderError({
    code: "builder/compile-failed",
    problem: `${problem}: ${command} says`,
    where: said === "" ? `nothing, and ends with ${answer.exitCode}` : said,
    ...(wantsXen && {
      remedy:
        "declare what you need of Xen in the C file; Xen's own headers are there for xsplice build, in a patch or a file of --hooks",
    }),
  });
}

async function readObject(
  { command }: Compiler,
  { source, output }: CompileRequest,
): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(output));
  } catch (cause) {
    throw new BuilderError(
      {
        code: "builder/compile-failed",
        problem: `Cannot compile "${source}": ${command} made no object file, and reported success`,
        expected: "gcc or clang",
        remedy: "name one with --cc or in $CC, and leave out flags that end it early",
      },
      { cause },
    );
  }
}

async function knowsFlag(
  command: string,
  flag: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const args = ["-Werror", flag, "-fsyntax-only", "-x", "c", "/dev/null"];
  const answer = await runCompiler(command, args, signal);
  return answer.kind === "ended" && answer.exitCode === 0;
}

/**
 * Before a compiler says the same in its own words, and for a directory something odd.
 * @throws BuilderError builder/no-source
 */
export async function readSource(source: string): Promise<string> {
  try {
    return await readFile(source, "latin1");
  } catch (cause) {
    const isMissing = codeOfSystemError(cause) === "ENOENT";
    throw new BuilderError(
      {
        code: "builder/no-source",
        problem: `Cannot read "${source}": ${systemStateOf(cause)}`,
        expected: "a C file",
        ...(isMissing
          ? { remedy: "check the path, and the directory that it is relative to" }
          : {}),
      },
      { cause },
    );
  }
}
