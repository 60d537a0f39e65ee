// Two texts of a file "domain.c", compiled, and what is found of the types that differ. Beside it lies a
// header that guests share. Not a test.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { findTypes } from "../dwarf/model.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { findLayoutChanges, judgeLayouts, type LayoutFinding } from "./layout.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-layout-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const headers: Readonly<Record<string, string>> = {
  "include/public/shared.h": "struct shared { int a; NEW_SHARED };",
};
let count = 0;

/** With debug information, unless `flags` say otherwise. */
export function compile(text: string, flags: readonly string[] = ["-g"]): ElfObject {
  const source = join(folder, `${count++}`, "domain.c");
  for (const [name, content] of Object.entries({ ...headers, "domain.c": text })) {
    const path = join(dirname(source), name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  const args = ["-O2", "-ffreestanding", ...flags, "-I.", "-c", "domain.c", "-o", "domain.o"];
  execFileSync("gcc", args, { cwd: dirname(source), stdio: "pipe" });
  return openElf(new Uint8Array(readFileSync(join(dirname(source), "domain.o"))), "domain.o");
}

/** Two texts of one file, before and after the fix. */
export function compare(
  before: string,
  fixed: string,
  allowed: readonly string[] = [],
): readonly LayoutFinding[] {
  return compareObjects(compile(before), compile(fixed), allowed);
}

export function compareObjects(
  before: ElfObject,
  fixed: ElfObject,
  allowed: readonly string[] = [],
): readonly LayoutFinding[] {
  const [old, now] = [findTypes(before), findTypes(fixed)];
  return judgeLayouts(
    findLayoutChanges({
      object: "domain.o",
      before: old,
      after: now,
      code: before,
      isChangedFile: () => true,
    }),
    allowed,
  );
}

/** Stands in a text where the fix puts something, or something else. */
export const NEW = "/*new*/";
/** What the texts call to allocate, and to keep the compiler from leaving anything out. */
export const use = "void *alloc(int); extern int sink(const void *, int);";

/** Two types whose values live on stacks only. */
export const onStacks = `${use}
  struct inner { int n; ${NEW} }; struct walk { struct inner i; };
  static __attribute__((noinline)) int g(struct walk *w) { return sink(w, w->i.n); }
  int f(void) { struct walk w = { { 1 } }; return g(&w) + 1; }`;

/** A type whose value is a global variable. */
export const global = `struct domain { int id; ${NEW} }; struct domain first; int f(void) { return first.id; }`;
