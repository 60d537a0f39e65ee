// Files of hooks that include Xen's headers: compiled by Xen's own make files, as code of the fix.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, type TestContext } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { emptyFolder } from "../../files/files.test.support.ts";
import { parsePayload } from "../../payload/parse.ts";
import { readPayloadBelow } from "../../running/payload-below.ts";
import {
  kernel,
  kernelFile,
  makeBuildOf,
  patchFrom,
  type SomeOptions,
} from "../build.test.support.ts";
import { buildFix } from "../build.ts";

const file = "xen/common/start.c";
const header = "xen/include/xen/parcel.h";
const sources = {
  [header]: "struct parcel { int size; };\n",
  [file]: `#include <xen/parcel.h>
int start(void); int outside; struct parcel parcel;
static __attribute__((noinline, used)) int step(int n) { return n * 3 + 7; }
int start(void) { return step(parcel.size); }
int setup(void); __attribute__((section(".init.text"))) int setup(void) { return 1; }
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
    payload.sources?.files.map(({ name }) => name),
    ["my hooks.c"],
  );
  assert.deepEqual(
    payload.hooks.map(({ kind }) => kind),
    ["load", "preapply"],
  );
  assert.deepEqual(
    fix.payload.hooks.map(({ kind, name, source }) => `${kind} ${name} ${basename(source)}`),
    ["load on_load my hooks.c", "preapply veto my hooks.c"],
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
    refusals.map(({ rule, what, where }) => [rule, what, basename(where.replace(/,.*/, ""))]),
    [["missing-symbol", 'symbol "nowhere"', "my hooks.c"]],
  );
});

buildTest("buildFix() takes such hooks on top of a payload that has some", async (t) => {
  const hook = (does: string) => {
    const path = join(emptyFolder(t), "hooks.c");
    writeFileSync(
      path,
      `#include <xen/parcel.h>
extern int outside, step(int n);
static void on_load(void) { ${does} }
XSPLICE_HOOK_LOAD(on_load)
`,
    );
    return [path];
  };
  const texts = ["n * 3", "n * 4", "n * 5"].map((step) => sources[file].replace("n * 3", step));
  const build = (from: number, hooks: readonly string[], below: readonly Uint8Array[]) => {
    const patches = [patchFrom(file, texts[from] ?? "", texts[from + 1] ?? "")];
    const payloads = below.map((bytes) => readPayloadBelow(bytes, "below"));
    const stacking = { foundation: { payloads, buildId: undefined } };
    return buildFix(small.options({}, { inputs: { patches, hooks }, stacking }));
  };
  const one = await build(0, hook("outside = 1;"), []);
  assert.ok(one.payload);
  const two = await build(1, hook("outside = step(2);"), [one.payload.bytes]);
  assert.deepEqual(two.refusals, []);
  assert.ok(two.payload);
  assert.deepEqual(
    parsePayload(two.payload.bytes, "two").hooks.map(({ kind }) => kind),
    ["load"],
  );
});

buildTest("buildFix() refuses init code in such hooks", async (t) => {
  const { refusals } = await build(
    t,
    `#include <xen/parcel.h>
extern int setup(void);
static void on_load(void) { setup(); }
XSPLICE_HOOK_LOAD(on_load)
`,
  );
  assert.deepEqual(
    refusals.map(({ rule, what }) => `${rule} ${what}`),
    ['init-reference symbol "setup"'],
  );
});

buildTest("buildFix() says how to name one of two static functions in such hooks", async (t) => {
  const text = `${sources[file]}int other(void);\n`;
  const more = `${kernel}static __attribute__((noinline, used)) int step(int n) { return n * 5; }\n`;
  const base = makeBuildOf(t, { ...sources, [file]: text, [kernelFile]: more });
  const build = (declared: string) => {
    const path = join(emptyFolder(t), "hooks.c");
    const hook = "static void on_load(void) { step(1); }\nXSPLICE_HOOK_LOAD(on_load)\n";
    writeFileSync(path, `#include <xen/parcel.h>\nextern int step(int n)${declared};\n${hook}`);
    const patches = [patchFrom(kernelFile, more, more.replace("n * 5", "n * 6"))];
    return buildFix(base.options({}, { inputs: { patches, hooks: [path] } }));
  };
  const { refusals } = await build("");
  assert.deepEqual(
    refusals.map(({ rule, reasons }) => `${rule}: ${reasons}`),
    [
      'missing-symbol: the hypervisor has 3 static symbols of this name: "kernel.c#step", "user.c#step", "start.c#step"',
    ],
  );
  assert.match(refusals[0]?.remedy ?? "", /__asm__\("\\"FILE\.c#step\\""\)/);
  const named = await build(' __asm__("\\"start.c#step\\"")');
  assert.deepEqual(named.refusals, []);
});
