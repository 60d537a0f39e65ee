// The comparison on AArch64, where a relocation fills in some bits of an instruction and the rest of
// the word is what the instruction does.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ElfObject } from "../elf/object.ts";
import { readElf } from "../elf/read.ts";
import { carryChanges } from "./carry/carry.ts";
import { summaryOf, testOptions } from "./diff.test.support.ts";
import { diffObjects, type ObjectDiff } from "./diff-objects.ts";
import { xenSectionPolicy } from "./xen-policy.ts";

const policy = xenSectionPolicy({ major: 4, minor: 19, point: 0 }, "aarch64", []);

/** Undefined on a machine without the cross-assembler. */
function assemble(text: string): ElfObject | undefined {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-diff-"));
  try {
    writeFileSync(join(folder, "file.s"), text);
    const options = { cwd: folder, stdio: "pipe" } as const;
    execFileSync("aarch64-linux-gnu-as", ["file.s", "-o", "file.o"], options);
    return readElf(new Uint8Array(readFileSync(join(folder, "file.o"))), "file.o");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const define = (name: string, body: string): string =>
  `.type ${name},%function\n${name}:\n${body}\nret\n.size ${name},.-${name}\n`;

function diff(before: string, after: string): ObjectDiff | undefined {
  const [left, right] = [assemble(before), assemble(after)];
  return left && right && diffObjects(left, right, { ...testOptions, policy });
}

test("diffObjects() sees the register of an AArch64 instruction that a relocation fills in", (context) => {
  const load = (register: string): string =>
    define("f", `adrp ${register}, variable\nldr w0, [x1, :lo12:variable]`);
  const found = diff(load("x1"), load("x2"));
  if (found === undefined) return context.skip("no aarch64-linux-gnu-as on this machine");
  assert.deepEqual(summaryOf(found).replaced, ["f"]);
  assert.equal(diff(load("x1"), load("x1"))?.outcome, "unchanged");
});

test("diffObjects() tells AArch64 branches without relocations by their targets", (context) => {
  const [one, two] = [define("one", "mov w0, #1"), define("two", "mov w0, #2")];
  const caller = (name: string): string => define("caller", `bl ${name}\nadd w0, w0, #1`);
  const swapped = diff(one + two + caller("one"), two + one + caller("two"));
  if (swapped === undefined) return context.skip("no aarch64-linux-gnu-as on this machine");
  assert.deepEqual(summaryOf(swapped).replaced, ["caller"]);
  const [relocation] = carryChanges(swapped, ({ name }) => name).draft.sections.flatMap(
    ({ relocations }) => relocations,
  );
  assert.equal(relocation?.symbol.name, "two");
  assert.equal(relocation?.addend, 0n);
});
