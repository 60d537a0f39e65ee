// Runs gcc or clang on hand-written C so that the object fits into a payload. The flags make code
// that Xen's loader can place (no global offset table, no writable code), that runs in a hypervisor
// (general registers only, no red zone, no runtime library), that lands on ENDBR64 wherever it is
// called by pointer, and that says the same in every folder.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Architecture } from "../xen-abi/architecture.ts";
import { BuilderError } from "./errors.ts";

/** Silence of a compiler after which it is stopped. */
const COMPILE_TIMEOUT_MS = 120_000;
/** What a compiler may say, in bytes. */
const OUTPUT_SIZE_MAX = 4 * 1024 * 1024;

/** Declarations for payload code; included in front of every source. */
export const PAYLOAD_HEADER = fileURLToPath(
  new URL("../../../share/include/xsplice.h", import.meta.url),
);

const defaultCompilers: Readonly<Record<Architecture, string>> = {
  x86_64: process.arch === "x64" ? "gcc" : "x86_64-linux-gnu-gcc",
  aarch64: process.arch === "arm64" ? "gcc" : "aarch64-linux-gnu-gcc",
};

export interface Compiler {
  /** As it was asked for: a name on the PATH, or a path. */
  readonly command: string;
  readonly kind: "gcc" | "clang";
  readonly architecture: Architecture;
}

/** @throws BuilderError builder/no-compiler */
export async function findCompiler(
  architecture: Architecture,
  wanted: string | undefined,
): Promise<Compiler> {
  const command = wanted ?? defaultCompilers[architecture];
  const answer = await run(command, ["--version"]);
  if (answer.kind === "not-found" || answer.exitCode !== 0) {
    throw new BuilderError({
      code: "builder/no-compiler",
      problem: `Cannot run the compiler "${command}": ${answer.kind === "not-found" ? answer.reason : `"--version" ended with ${answer.exitCode}`}`,
      expected: "gcc or clang",
      remedy: "install one, or name it with --cc or in $CC",
    });
  }
  const kind = /\bclang\b/.test(answer.stdout) ? "clang" : "gcc";
  return { command, kind, architecture };
}

export interface CompileRequest {
  /** The C file, as the user named it. */
  readonly source: string;
  /** The object file that is to be made. */
  readonly output: string;
  /** Thunks that the hypervisor has, so that code takes them like Xen's own. */
  readonly thunks: Thunks;
  /** Files to include in front, besides PAYLOAD_HEADER. */
  readonly includes: readonly string[];
  /** The user's own, last. */
  readonly extraFlags: readonly string[];
}

/** How the hypervisor makes speculation-safe indirect calls and returns on x86. */
export interface Thunks {
  readonly indirectCalls: boolean;
  readonly returns: boolean;
}

/** Compiles one source, and gives the compiler's warnings. @throws BuilderError */
export async function compileSource(compiler: Compiler, request: CompileRequest): Promise<string> {
  const { source, output, includes, extraFlags } = request;
  await requireReadable(source);
  const folder = `${dirname(resolve(source))}/`;
  const answer = await run(compiler.command, [
    ...commonFlags,
    ...architectureFlags(compiler),
    ...(await thunkFlags(compiler, request.thunks)),
    `-ffile-prefix-map=${folder}=`,
    ...[PAYLOAD_HEADER, ...includes].flatMap((file) => ["-include", file]),
    ...extraFlags,
    "-c",
    resolve(source),
    "-o",
    output,
  ]);
  if (answer.kind === "ended" && answer.exitCode === 0) return answer.stderr;
  throw new BuilderError({
    code: "builder/compile-failed",
    problem: `Cannot compile "${source}": ${answer.kind === "ended" ? `${compiler.command} says` : answer.reason}`,
    ...(answer.kind === "ended" ? { where: (answer.stderr || answer.stdout).trimEnd() } : {}),
  });
}

/**
 * - Without -fno-plt: it would make calls of functions that were never declared hidden (memcpy, which
 *   the compiler calls by itself) go through the global offset table.
 * - -fno-jump-tables: on x86 they need an indirect jump without a landing mark.
 */
const commonFlags = [
  "-O2",
  "-g0",
  "-Wall",
  "-Werror=implicit-function-declaration",
  "-ffreestanding",
  "-fPIE",
  "-fvisibility=hidden",
  "-ffunction-sections",
  "-fdata-sections",
  "-fno-common",
  "-fno-jump-tables",
  "-fno-strict-aliasing",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-unwind-tables",
  "-mgeneral-regs-only",
] as const;

function architectureFlags({ architecture, kind }: Compiler): readonly string[] {
  const target = kind === "clang" ? [`--target=${architecture}-linux-gnu`] : [];
  const own = {
    // Every function that can be called by pointer starts with ENDBR64, without an attribute.
    x86_64: ["-mno-red-zone", "-fcf-protection=branch"],
    // Xen has no helpers for atomic operations.
    aarch64: ["-mno-outline-atomics", "-mbranch-protection=none"],
  } as const;
  return [...target, ...own[architecture]];
}

/** Leaves out what this compiler does not know (clang before 15 and return thunks). */
async function thunkFlags(compiler: Compiler, thunks: Thunks): Promise<readonly string[]> {
  if (compiler.architecture !== "x86_64") return [];
  const wanted = [
    ...(thunks.indirectCalls
      ? [compiler.kind === "gcc" ? "-mindirect-branch=thunk-extern" : "-mretpoline-external-thunk"]
      : []),
    ...(thunks.returns ? ["-mfunction-return=thunk-extern"] : []),
  ];
  const known = await Promise.all(wanted.map((flag) => knowsFlag(compiler, flag)));
  return wanted.filter((_, index) => known[index]);
}

async function knowsFlag({ command }: Compiler, flag: string): Promise<boolean> {
  const answer = await run(command, ["-Werror", flag, "-fsyntax-only", "-x", "c", "/dev/null"]);
  return answer.kind === "ended" && answer.exitCode === 0;
}

/** Before a compiler says the same in its own words, and for a folder something odd. */
async function requireReadable(source: string): Promise<void> {
  try {
    await readFile(source);
  } catch (cause) {
    throw new BuilderError(
      {
        code: "builder/no-source",
        problem: `Cannot read "${source}": ${cause instanceof Error ? cause.message : cause}`,
        expected: "a C file",
      },
      { cause },
    );
  }
}

type Answer =
  | {
      readonly kind: "ended";
      readonly exitCode: number;
      readonly stdout: string;
      readonly stderr: string;
    }
  | { readonly kind: "not-found"; readonly reason: string };

/** The C locale keeps messages the same for everybody. */
function run(command: string, args: readonly string[]): Promise<Answer> {
  const options = {
    encoding: "utf8",
    maxBuffer: OUTPUT_SIZE_MAX,
    timeout: COMPILE_TIMEOUT_MS,
    env: { ...process.env, LC_ALL: "C" },
  } as const;
  return new Promise((done) => {
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) done({ kind: "ended", exitCode: 0, stdout, stderr });
      else if (typeof error.code === "number") {
        done({ kind: "ended", exitCode: error.code, stdout, stderr });
      } else done({ kind: "not-found", reason: error.message });
    });
  });
}
