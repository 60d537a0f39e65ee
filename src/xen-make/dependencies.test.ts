import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { askDependencies, readRecord } from "./dependencies.ts";

const tools = {
  environment: { PATH: process.env["PATH"] ?? "" },
  sandbox: { kind: "none", because: "it was not wanted", isWanted: true },
} as const;

const compile = {
  object: "common/a.o",
  source: "common/a.c",
  command: [
    "gcc",
    "-MMD",
    "-MF",
    "x.d",
    "-nostdinc",
    "-Iinclude",
    "-c",
    "common/a.c",
    "-o",
    "common/a.o",
  ],
};

test("readRecord() reads the command and the dependencies that fixdep has written", (t) => {
  const xen = mkdtempSync(join(tmpdir(), "xsplice-record-"));
  t.after(() => rmSync(xen, { recursive: true }));
  mkdirSync(join(xen, "common"));
  const text = [
    "cmd_common/a.o := gcc -DX='$(pound)1' -c common/a.c",
    "",
    "source_common/a.o := common/a.c",
    "",
    "deps_common/a.o := \\",
    "    $(wildcard include/config/nr/cpus.h) \\",
    "  include/xen/config.h \\",
    "  common/../include/b.h \\",
    "",
    "common/a.o: $(deps_common/a.o)",
    "",
  ];
  writeFileSync(join(xen, "common/.a.o.cmd"), text.join("\n"));
  assert.deepEqual(readRecord(xen, compile, {}), {
    command: "gcc -DX='#1' -c common/a.c",
    dependencies: ["common/a.c", "include/b.h", "include/xen/config.h"],
  });
});

/** With a directory xen/common. */
function makeTree(t: { after(work: () => void): void }): {
  readonly tree: string;
  readonly xen: string;
} {
  const tree = mkdtempSync(join(tmpdir(), "xsplice-ask-"));
  t.after(() => rmSync(tree, { recursive: true }));
  mkdirSync(join(tree, "xen/common"), { recursive: true });
  return { tree, xen: join(tree, "xen") };
}

test("askDependencies() asks the compiler without compiling, missing headers included", async (t) => {
  const { tree, xen } = makeTree(t);
  mkdirSync(join(xen, "include"));
  const source = '#include "b.h"\n#include "generated-later.h"\nthis does not compile\n';
  writeFileSync(join(xen, "common/a.c"), source);
  writeFileSync(join(xen, "include/b.h"), "");
  const options = { tools, aliases: {} };
  assert.deepEqual(await askDependencies(tree, compile, options), [
    "common/a.c",
    "generated-later.h",
    "include/b.h",
  ]);
  const missing = { ...compile, source: "common/no.c", command: ["gcc", "-c", "common/no.c"] };
  assert.equal(await askDependencies(tree, missing, options), undefined);
});

test("askDependencies() reads names with spaces, over several lines", async (t) => {
  const { tree, xen } = makeTree(t);
  const long = `${"long".repeat(20)}.h`; // The compiler goes to the next line before and behind it.
  writeFileSync(join(xen, "common/a.c"), `#include "b c.h"\n#include "${long}"\n#include "d.h"\n`);
  const options = { tools, aliases: {} };
  const expected = ["b c.h", "common/a.c", "d.h", long].sort();
  assert.deepEqual(await askDependencies(tree, compile, options), expected);
});

test("askDependencies() asks where a make of Xen up to 4.16 compiles, and takes its links for the files", async (t) => {
  const { tree, xen } = makeTree(t);
  mkdirSync(join(xen, "include/asm-x86"), { recursive: true });
  symlinkSync("asm-x86", join(xen, "include/asm"));
  writeFileSync(join(xen, "include/asm-x86/b.h"), "");
  writeFileSync(join(xen, "common/own.h"), "");
  writeFileSync(join(xen, "common/a.c"), '#include <asm/b.h>\n#include "own.h"\n');
  const command = [
    "gcc",
    "-nostdinc",
    "-I@TREE@/xen/include",
    "-c",
    "a.c",
    "-o",
    "./.a.o.tmp",
    "-MQ",
    "a.o",
  ];
  const options = { tools, aliases: { "include/asm": "include/asm-x86" } };
  const old = { object: "common/a.o", source: "common/a.c", command, folder: "common" };
  assert.deepEqual(await askDependencies(tree, old, options), [
    "common/a.c",
    "common/own.h",
    "include/asm-x86/b.h",
  ]);
});
