import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeSmallXen } from "./small-xen.test.support.ts";
import { findIncluders, readIncludes } from "./source-includes.ts";
import { isHypervisorSource, readSourceTree } from "./source-tree.ts";

test("readSourceTree() reads what the hypervisor is built from, and nothing that a build left", (t) => {
  const { source } = makeSmallXen(t);
  const before = readSourceTree(source);
  assert.deepEqual(before.version, { major: 4, minor: 17 });
  assert.ok(before.files.some(({ path }) => path === "xen/common/kernel.c"));
  assert.ok(before.files.every(({ path }) => isHypervisorSource(path)));
  for (const name of ["kernel.o", ".kernel.o.cmd", "kernel.c~", "kernel.c.orig"]) {
    writeFileSync(join(source, "xen/common", name), "left");
  }
  writeFileSync(join(source, "xen/.config"), "CONFIG_X=y\n");
  assert.equal(readSourceTree(source).digest, before.digest);
});

test("readSourceTree() has another digest for another content, name or mode", (t) => {
  const { source } = makeSmallXen(t);
  const digests = new Set([readSourceTree(source).digest]);
  writeFileSync(join(source, "xen/common/kernel.c"), "int other;\n");
  digests.add(readSourceTree(source).digest);
  writeFileSync(join(source, "xen/common/fresh.c"), "");
  digests.add(readSourceTree(source).digest);
  chmodSync(join(source, "xen/common/fresh.c"), 0o755);
  digests.add(readSourceTree(source).digest);
  assert.equal(digests.size, 4);
});

const code = (path: string, text: string) => ({
  path: `xen/${path}`,
  content: { kind: "file" as const, bytes: Buffer.from(text), executable: false },
});

test("findIncluders() follows C files that are included by others", () => {
  const files = [
    code("common/kernel.c", "int a;\n"),
    code("common/compat/kernel.c", '#include "../kernel.c"\n'),
    code("common/sched/compat.c", '# include "core.c"\n'),
    code("common/sched/core.c", '#include "compat.c"\n'),
    code("x86/compat.c", ""),
    code("x86/self.c", "#include __FILE__\n#include CONFIG_UNSET\n"),
    code("x86/macro.c", "#include CONFIG_SET\n"),
  ];
  const includes = readIncludes(files, new Map([["CONFIG_SET", '"x.c"']]));
  const exists = (path: string) => files.some((file) => file.path === `xen/${path}`);
  const includers = (path: string) => [...findIncluders(path, includes, exists)].sort();
  assert.deepEqual(includers("common/kernel.c"), [
    "common/compat/kernel.c",
    "common/kernel.c",
    "x86/macro.c",
  ]);
  assert.deepEqual(includers("common/sched/core.c"), [
    "common/sched/compat.c",
    "common/sched/core.c",
    "x86/macro.c",
  ]);
  assert.deepEqual(includers("x86/compat.c"), ["x86/compat.c", "x86/macro.c"]);
});
