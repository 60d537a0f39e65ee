// A guest, or a program for a lab's dom0, from one C file and the kit in share/guest/.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeTemporaryFolder } from "../files/temporary-folder.ts";
import { shareFile } from "../lab/share-file.ts";
import { runProcess } from "../parts/run-process.ts";
import { GuestError } from "./errors.ts";
import { flatImage, type GuestImage } from "./image.ts";

export const guestBits = [16, 32, 64] as const;
export type GuestBits = (typeof guestBits)[number];

export interface CompileOptions {
  /** gcc by default. */
  readonly compiler?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const WARNINGS = ["-Wall", "-Wextra"];
/** An endless `#include` or expansion; a guest takes less than a second. */
const COMPILE_MAX_MS = 60_000;

const GUEST_FLAGS = [
  ...["-O2", "-ffreestanding", "-nostdlib", "-nostartfiles", "-static", "-fno-pic", "-no-pie"],
  ...["-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fcf-protection=none"],
  ...["-fno-tree-loop-distribute-patterns", "-mgeneral-regs-only"],
];

/** @throws GuestError guest/compile-failed with the compiler's words */
export async function compileGuest(
  source: string,
  bits: GuestBits,
  options: CompileOptions = {},
): Promise<GuestImage> {
  using folder = makeTemporaryFolder("guest");
  const output = join(folder.path, "guest.bin");
  const kit = ["guest/start.S", "guest/kit.c"].map(shareFile);
  await compile(
    source,
    [
      ...[`-m${bits}`, `-DBITS=${bits}`, ...(bits === 64 ? ["-mno-red-zone"] : []), ...GUEST_FLAGS],
      ...linkerFlags(bits),
      ...["-I", shareFile("guest"), ...kit, source, "-o", output],
    ],
    options,
  );
  return flatImage(readFileSync(output), source);
}

/** A static program for dom0. @throws GuestError guest/compile-failed */
export async function compileDom0Program(
  source: string,
  options: CompileOptions = {},
): Promise<Uint8Array> {
  using folder = makeTemporaryFolder("guest");
  const output = join(folder.path, "program");
  const flags = ["-Os", "-static", "-s", "-I", shareFile("guest"), source, "-o", output];
  await compile(source, flags, options);
  return readFileSync(output);
}

function linkerFlags(bits: GuestBits): string[] {
  const words = ["--build-id=none", `-T,${shareFile("guest/guest.ld")}`, "--oformat=binary"];
  if (bits !== 64) words.push("-m,elf_i386");
  return words.map((word) => `-Wl,${word}`);
}

async function compile(
  source: string,
  flags: readonly string[],
  { compiler = "gcc", signal }: CompileOptions,
): Promise<void> {
  const limit = AbortSignal.timeout(COMPILE_MAX_MS);
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  try {
    const { exitCode, stderr } = await runProcess([compiler, ...WARNINGS, ...flags], {
      signal: either,
    });
    if (exitCode === 0) return;
    if (exitCode === undefined && NO_PROGRAM.test(stderr)) throw noCompiler(source, compiler);
    throw failed(source, stderr.trim() || `${compiler} ended without a word`);
  } catch (error) {
    signal?.throwIfAborted();
    if (!limit.aborted) throw error;
    throw failed(source, `${compiler} took longer than ${COMPILE_MAX_MS / 1000} s`);
  }
}

/** As Node says that a program could not be started. */
const NO_PROGRAM = /^spawn .* E(NOENT|ACCES)$/m;

function noCompiler(source: string, compiler: string): GuestError {
  return new GuestError({
    code: "guest/compile-failed",
    problem: `Cannot compile "${source}": "${compiler}" is no program that can be run`,
    expected: "gcc, or another compiler for x86 whose name is in CC",
    remedy: "apt-get install gcc, or correct CC",
  });
}

function failed(source: string, words: string): GuestError {
  return new GuestError({
    code: "guest/compile-failed",
    problem: `Cannot compile "${source}": the compiler refused it`,
    where: words,
    expected: 'C that needs nothing but "guest.h" of share/guest/',
  });
}
