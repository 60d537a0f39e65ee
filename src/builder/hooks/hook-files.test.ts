// Files of hooks that include Xen's headers: compiled by Xen's own make files, as code of the fix.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { emptyFolder } from "../../files/files.test.support.ts";
import { parsePayload } from "../../payload/parse.ts";
import { makeBuildOf, patchFrom, type SomeOptions } from "../build.test.support.ts";
import { buildFix } from "../build.ts";

const file = "xen/common/start.c";
const header = "xen/include/xen/parcel.h";
const sources = {
  [header]: "struct parcel { int size; };\n",
  [file]: `#include <xen/parcel.h>
int start(void); int outside; struct parcel parcel;
static __attribute__((noinline, used)) int step(int n) { return n * 3 + 7; }
int start(void) { return step(parcel.size); }
`,
};
const small = makeBuildOf({ after }, sources);

function build(t: TestContext, hook: string, { allowed = {} }: Pick<SomeOptions, "allowed"> = {}) {
  const path = join(emptyFolder(t), "my hooks.c");
  writeFileSync(path, hook);
  const edit = (path: keyof typeof sources, from: string, to: string) =>
    patchFrom(path, sources[path], sources[path].replace(from, to), `${path.length}.patch`);
  const patches = [
    edit(header, "int size;", "int size; };\nstruct fresh { int more;"),
    edit(file, "n * 3", "n * 4"),
  ];
  return buildFix(small.options({}, { inputs: { patches, hooks: [path] }, allowed }));
}

buildTest("buildFix() compiles hooks with Xen's headers as the patch leaves them", async (t) => {
  const fix = await build(
    t,
    `#include <xen/parcel.h>
#ifndef __XEN__
#error not by Xen's make files
#endif
extern int outside, step(int n);
static void on_load(void) { struct fresh fresh = { step(3) }; outside += fresh.more; }
XSPLICE_HOOK_LOAD(on_load)
static int veto(struct payload *payload) { return 0; }
XSPLICE_HOOK_PREAPPLY(veto)
`,
  );
  assert.deepEqual(fix.refusals, []);
  assert.ok(fix.payload);
  const payload = parsePayload(fix.payload.bytes, "fix");
  assert.deepEqual(
    payload.hooks.map(({ kind }) => kind),
    ["load", "preapply"],
  );
  // A static function of Xen, by its name alone.
  assert.ok(
    payload.needs.some((name) => name.endsWith("#step")),
    payload.needs.join(),
  );
  const names = payload.symbolMap?.map(({ sourceName, kind }) => `${kind} ${sourceName}`) ?? [];
  assert.ok(
    names.some((name) => name.endsWith("xsplice-my_hooks.c#on_load")),
    names.join(),
  );
});

buildTest("buildFix() tells what the compiler says of such hooks, with their lines", async (t) => {
  await assert.rejects(
    build(t, "#include <xen/parcel.h>\n\nint wrong = nothing;\n"),
    /Cannot compile the patched source with the hooks[\s\S]*my hooks\.c:3:\d+: error/,
  );
});

buildTest("buildFix() takes such a file without hooks for a mistake", async (t) => {
  await assert.rejects(build(t, "#include <xen/parcel.h>\n"), /my hooks\.c": it declares none/);
});

buildTest("buildFix() names what such hooks refer to and nobody has", async (t) => {
  const { refusals } = await build(
    t,
    `#include <xen/parcel.h>
extern void nowhere(void);
static void on_load(void) { nowhere(); }
XSPLICE_HOOK_LOAD(on_load)
`,
  );
  assert.deepEqual(
    refusals.map(({ rule, what, where }) => [rule, what, where.replace(/,.*/, "")]),
    [["missing-symbol", 'symbol "nowhere"', "common/xsplice-my_hooks.o"]],
  );
});
