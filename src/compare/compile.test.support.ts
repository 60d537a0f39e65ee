// An object as Xen's make files have it compiled, from a text.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function compile(c: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-compare-"));
  try {
    const [source, output] = [join(folder, "f.c"), join(folder, "f.o")];
    writeFileSync(source, c);
    const flags = ["-m64", "-O2", "-g", "-ffunction-sections", "-fdata-sections"];
    const { status, stderr } = spawnSync("gcc", [...flags, "-c", source, "-o", output], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
