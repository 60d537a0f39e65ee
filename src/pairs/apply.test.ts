import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { outlineOf } from "../xen-make/remembered-source.ts";
import { makeSmallXen } from "../xen-make/small-xen.test.support.ts";
import { readSourceTree } from "../xen-make/source-tree.ts";
import { applyPatches } from "./apply.ts";

/** A file of one line, before and after; `undefined` where it is not there. */
function patchOf(path: string, before: string | undefined, after: string | undefined): string {
  const count = (line: string | undefined) => (line === undefined ? "0,0" : "1");
  return [
    `--- ${before === undefined ? "/dev/null" : `a/${path}`}`,
    `+++ ${after === undefined ? "/dev/null" : `b/${path}`}`,
    `@@ -${count(before)} +${count(after)} @@`,
    ...(before === undefined ? [] : [`-${before}`]),
    ...(after === undefined ? [] : [`+${after}`]),
    "",
  ].join("\n");
}

test("applyPatches() waits for no pipe that a patch names", (t) => {
  const { source: folder } = makeSmallXen(t);
  const source = outlineOf(readSourceTree(folder));
  execFileSync("mkfifo", [join(folder, "tools/xl/pipe")]);
  const patches = [{ name: "fix.patch", bytes: Buffer.from(patchOf("tools/xl/pipe", "a", "b")) }];
  const { patches: read } = applyPatches({ folder, source, earlier: [], patches });
  assert.deepEqual(
    read.map(({ newPath }) => newPath),
    ["tools/xl/pipe"],
  );
});

for (const [what, patch] of [
  ["creates", patchOf("xen/common/all/fresh.c", undefined, "int fresh;")],
  ["changes", patchOf("xen/common/all/known.c", "int known;", "int other;")],
  ["deletes", patchOf("xen/common/all/known.c", "int known;", undefined)],
] as const) {
  test(`applyPatches() refuses a patch that ${what} a file below a symbolic link`, (t) => {
    const { source: folder } = makeSmallXen(t);
    const linked = join(folder, "xen/include/linked");
    mkdirSync(linked);
    writeFileSync(join(linked, "known.c"), "int known;\n");
    symlinkSync("../include/linked", join(folder, "xen/common/all"));
    const source = outlineOf(readSourceTree(folder));
    const patches = [{ name: "fix.patch", bytes: Buffer.from(patch) }];
    assert.throws(() => applyPatches({ folder, source, earlier: [], patches }), {
      message:
        /^Cannot apply "fix\.patch": it names a file below a symbolic link[\s\S]*xen\/common\/all$/m,
    });
    assert.deepEqual(readdirSync(linked), ["known.c"]);
  });
}
