// What is said of a source that does not compile.

import { BuildError } from "../build-outcome/build-error.ts";
import { errorsOf, type MakeResult } from "../xen-make/run.ts";
import type { MakeTools } from "../xen-make/tools.ts";

export interface SourceInWords {
  readonly code: "build/make-failed" | "build/compile-failed";
  readonly what: string;
}

export function compileError(
  { code, what }: SourceInWords,
  result: MakeResult,
  tools: MakeTools,
): BuildError {
  const { exitCode, stderr } = result;
  const [, option] = unknownOption.exec(stderr) ?? [];
  return new BuildError({
    code,
    problem:
      option === undefined
        ? `Cannot compile ${what}: Xen's make ended with ${exitCode}`
        : `Cannot compile ${what}: the compiler does not know ${option}`,
    where: option === undefined ? errorsOf(result) : tools.compilerVersion,
    expected:
      option === undefined
        ? "a source that compiles with this compiler and this configuration"
        : "gcc 8 or later, or clang 10 or later; best the compiler that built the hypervisor",
    ...(option !== undefined && { remedy: "name another one with --cc or in $CC" }),
  });
}

/** As gcc and clang say it; gcc names such options in notes to other errors, too. */
const unknownOption =
  /error: (?:unrecognized command[- ]line option|unknown argument:?|unsupported option) ['"‘]?(-[^\s'"’;]+)/;
