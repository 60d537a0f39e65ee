// Compiles C source to an object. Not a test.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ElfObject } from "../elf/object.ts";
import { readElf } from "../elf/read.ts";

export function compile(text: string, flags: readonly string[]): ElfObject {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-dwarf-"));
  try {
    writeFileSync(join(folder, "file.c"), text);
    execFileSync("gcc", ["-O2", "-fpic", ...flags, "-c", "file.c"], { cwd: folder, stdio: "pipe" });
    return readElf(new Uint8Array(readFileSync(join(folder, "file.o"))), "file.o");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
