// Files for tests, made by the compilers of this machine: gcc and, where installed, clang and gcc for
// AArch64. Not a test itself.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Fixture {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A directory of fixtures, which `using` removes. */
export class FixtureFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "xsplice-elf-"));

  /** Compiles `source` and returns the output file. */
  compile(command: string, args: readonly string[], source: string, name: string): Fixture {
    const sourcePath = join(this.path, `${name}.source.c`);
    writeFileSync(sourcePath, source);
    const path = join(this.path, name);
    execFileSync(command, [...args, "-o", path, sourcePath], { stdio: ["ignore", "pipe", "pipe"] });
    return { name, path, bytes: this.read(path) };
  }

  read(path: string): Uint8Array {
    return new Uint8Array(readFileSync(path));
  }

  write(name: string, bytes: Uint8Array): Fixture {
    const path = join(this.path, name);
    writeFileSync(path, bytes);
    return { name, path, bytes };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Local and global, code and data, strings, a switch, weak, common, and calls between all. */
export const PROGRAM = `
static int counter;
int shared[4] = { 1, 2 };
int tentative __attribute__((common));
int other(int);
static int (*table[])(int) = { other };
__attribute__((weak)) int feeble(void) { return 7; }
static __attribute__((noinline)) int fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2) + counter++;
}
const char *name(int i) {
  switch (i) {
  case 0: return "zero";
  case 1: return "one";
  case 2: return "two";
  case 3: return "three";
  case 4: return "four";
  }
  return table[0](fibonacci(i)) ? "yes" : "no";
}
int other(int x) { return x + tentative; }
int main(int argc, char **argv) {
  return fibonacci(argc + 8) + shared[argc] + (name(argc + 4) != 0) + feeble();
}
`;

const OBJECT = ["-O2", "-ffunction-sections", "-fdata-sections", "-c"];
/** Segments close together, so that the file is small. */
const DENSE = ["-Wl,-z,noseparate-code", "-Wl,-z,max-page-size=4096"];
const EXECUTABLE = ["-O2", "-nostdlib", "-static", "-Wl,--build-id=sha1", "-Wl,-e,main", ...DENSE];

/** One file of every kind that the installed compilers produce, each a few kilobytes long. */
export function smallFixtures(folder: FixtureFolder): readonly Fixture[] {
  const gcc = (args: readonly string[], name: string): Fixture =>
    folder.compile("gcc", args, PROGRAM, name);
  const fixtures = [
    gcc(OBJECT, "gcc.o"),
    gcc(["-O2", "-g", "-c"], "gcc-debug.o"),
    gcc(EXECUTABLE, "gcc-static"),
    gcc(["-O2", "-nostdlib", "-shared", "-fPIC", ...DENSE], "gcc-shared.so"),
    folder.compile("gcc", ["-O2", "-r", "-nostdlib"], PROGRAM, "gcc-merged.o"),
  ];
  for (const clang of ["clang", "clang-14"].filter(isInstalled).slice(0, 1)) {
    fixtures.push(folder.compile(clang, OBJECT, PROGRAM, "clang.o"));
  }
  for (const gcc64 of ["aarch64-linux-gnu-gcc"].filter(isInstalled)) {
    fixtures.push(folder.compile(gcc64, OBJECT, PROGRAM, "aarch64.o"));
    fixtures.push(folder.compile(gcc64, EXECUTABLE, PROGRAM, "aarch64-static"));
  }
  return fixtures;
}

export function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What readelf prints about a file, one line each. */
export function readelf(args: readonly string[], path: string): readonly string[] {
  const options = { encoding: "utf8", maxBuffer: 1 << 28, stdio: "pipe" } as const;
  return execFileSync("readelf", [...args, path], options).split("\n");
}
