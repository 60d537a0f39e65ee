import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { askDependencies, readRecord } from "./dependencies.ts";

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

test("askDependencies() asks the compiler without compiling, missing headers included", async (t) => {
  const xen = mkdtempSync(join(tmpdir(), "xsplice-ask-"));
  t.after(() => rmSync(xen, { recursive: true }));
  mkdirSync(join(xen, "common"));
  mkdirSync(join(xen, "include"));
  const source = '#include "b.h"\n#include "generated-later.h"\nthis does not compile\n';
  writeFileSync(join(xen, "common/a.c"), source);
  writeFileSync(join(xen, "include/b.h"), "");
  const environment = { PATH: process.env["PATH"] ?? "" };
  const options = { environment, aliases: {} };
  assert.deepEqual(await askDependencies(xen, compile, options), [
    "common/a.c",
    "generated-later.h",
    "include/b.h",
  ]);
  const missing = { ...compile, source: "common/no.c", command: ["gcc", "-c", "common/no.c"] };
  assert.equal(await askDependencies(xen, missing, options), undefined);
});

test("askDependencies() reads names with spaces, over several lines", async (t) => {
  const xen = mkdtempSync(join(tmpdir(), "xsplice-ask-"));
  t.after(() => rmSync(xen, { recursive: true }));
  mkdirSync(join(xen, "common"));
  const long = `${"long".repeat(20)}.h`; // The compiler goes to the next line before and behind it.
  writeFileSync(join(xen, "common/a.c"), `#include "b c.h"\n#include "${long}"\n#include "d.h"\n`);
  const options = { environment: { PATH: process.env["PATH"] ?? "" }, aliases: {} };
  const expected = ["b c.h", "common/a.c", "d.h", long].sort();
  assert.deepEqual(await askDependencies(xen, compile, options), expected);
});
