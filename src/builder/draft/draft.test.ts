// Drafts of hooks, and payloads that are built with them. The small Xen has of Xen's headers what a draft
// needs.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { emptyFolder } from "../../files/files.test.support.ts";
import { parsePayload } from "../../payload/parse.ts";
import { makeBuildOf, patchFrom } from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import { draftHooks } from "./draft.ts";

const file = "xen/common/start.c";
const old = `int start(void); void printk(const char *text, ...); void printk(const char *text, ...) { }
static volatile int limit = 3;
static volatile long table[4] = { 1, 2, 3, 4 };
__attribute__((used, section(".data.ro_after_init"))) static int fixed = 1;
static void *volatile chosen = (void *)&limit;
struct parcel { int size; }; extern struct parcel *parcel; struct parcel *parcel;
static __attribute__((used, section(".init.text"))) int setup(int n) { return n + 1; }
int start(void) { return limit + table[0] + (chosen != 0) + (parcel ? parcel->size : 0); }
`;
const small = makeBuildOf(
  { after },
  {
    [file]: old,
    "xen/include/xen/lib.h":
      "#define cf_check\n#define NULL ((void *)0)\n#define XENLOG_WARNING\nvoid printk(const char *text, ...);\n",
    "xen/include/xen/string.h": `
static inline int memcmp(const volatile void *a, const void *b, unsigned long n)
{ while (n--) if (((const char *)a)[n] != ((const char *)b)[n]) return 1; return 0; }
static inline void memcpy(volatile void *a, const void *b, unsigned long n)
{ while (n--) ((volatile char *)a)[n] = ((const char *)b)[n]; }
`,
    "xen/include/xen/smp.h": "#define NR_CPUS 4\n",
  },
);

const build = (text: string, hooks: readonly string[] = []) =>
  buildFix(small.options({}, { inputs: { patches: [patchFrom(file, old, text)], hooks } }));

async function draft(text: string) {
  const fix = await build(text);
  const found = draftHooks(fix);
  assert.ok(found);
  return { ...found, refusals: fix.refusals };
}

function written(t: TestContext, text: string): string {
  const path = join(emptyFolder(t), "draft.c");
  writeFileSync(path, text);
  return path;
}

buildTest("draftHooks() sets a variable's new value where it is the old one", async (t) => {
  const text = old.replace("= 3", "= 5").replace("3, 4 }", "3, 9 }");
  const found = await draft(text);
  const variables = ["limit", "table"].map((name) => `data-initial-value: variable "${name}"`);
  assert.deepEqual([...found.drafted].sort(), variables);
  assert.deepEqual(found.left, []);
  assert.match(found.text, /else\n +printk\(XENLOG_WARNING "xsplice: .*limit.* set meanwhile/);
  for (const { remedy } of found.refusals) assert.match(remedy ?? "", /--draft-hooks FILE\.c/);
  const { payload, refusals, warnings } = await build(text, [written(t, found.text)]);
  assert.deepEqual(refusals, []);
  assert.match(warnings, /variable "limit" .* has another initial value.*: your hook must set it/);
  assert.ok(payload);
  const { hooks, needs } = parsePayload(payload.bytes, "fix");
  assert.deepEqual(
    hooks.map(({ kind }) => kind),
    ["load", "load", "unload", "unload"],
  );
  assert.ok(
    needs.some((name) => name.endsWith("#limit")),
    needs.join(),
  );
});

buildTest("draftHooks() does not take one variable's hook for another's", async (t) => {
  const one = await draft(old.replace("= 3", "= 5"));
  const both = old.replace("= 3", "= 5").replace("3, 4 }", "3, 9 }");
  const { refusals } = await build(both, [written(t, one.text)]);
  assert.deepEqual(
    refusals.map(({ rule, what }) => `${rule} ${what}`),
    ['data-initial-value variable "table"'],
  );
});

buildTest("draftHooks() leaves to a person what it does not know", async (t) => {
  const text = old
    .replace("&limit;", "&table;")
    .replace("n + 1", "start() + 2")
    .replace("fixed = 1", "fixed = 2");
  const found = await draft(text);
  assert.match(found.text, /a hook that writes to it faults[^#]*#error "set fixed in the hook/);
  assert.match(found.text, /#error "set chosen in the hook below/);
  assert.match(found.text, /It calls now: start\n/);
  assert.match(found.text, /#error "do what setup would have led to/);
  await assert.rejects(build(text, [written(t, found.text)]), /draft\.c:\d+:\d+: error: #error/);
});

buildTest("draftHooks() has an array for a new per-CPU variable", async (t) => {
  const section = '__attribute__((section(".bss.percpu")))';
  const text = old.replace(
    "int start(void) {",
    `${section} unsigned int per_cpu__seen[2]; int start(void) { per_cpu__seen[1]++;`,
  );
  const found = await draft(text);
  assert.deepEqual(found.drafted, ['per-cpu: variable "per_cpu__seen"']);
  assert.match(found.text, /^unsigned int seen_of_cpu\[NR_CPUS\]\[2\];$/m);
  // As the draft says.
  const array = "extern unsigned int seen_of_cpu[4][2]; int start(void) { seen_of_cpu[0][1]++;";
  const { payload, refusals } = await build(old.replace("int start(void) {", array), [
    written(t, found.text),
  ]);
  assert.deepEqual(refusals, []);
  assert.ok(payload);
});

buildTest("draftHooks() has a shadow variable for a structure that grows", async () => {
  const text = old
    .replace("int size;", "int size; unsigned int uses; struct parcel *next;")
    .replace("parcel->size", "parcel->size + parcel->uses");
  const found = await draft(text);
  assert.deepEqual(found.drafted, ["layout: struct parcel"]);
  assert.match(found.text, /struct parcel_shadow {\n {4}unsigned int uses;\n {4}void \*next;\n};/);
  assert.match(found.text, /^XSPLICE_SHADOW\(parcel_uses_next\)$/m);
  assert.match(found.text, /parcel_shadow_free\(object\) where the object itself is freed/);
});

buildTest("draftHooks() says what else changes in a structure that grows", async () => {
  const text = old
    .replace("int size;", "long size; unsigned int uses; union { int more; void *much; };")
    .replace("parcel->size", "parcel->size + parcel->uses");
  const found = await draft(text);
  assert.match(
    found.text,
    /Not in this draft:\n \* {2}- "size" is .*long.*\n \* {2}- "\(nameless member 1\)" is new/,
  );
  assert.match(found.text, /#error "have the patch do without what else changes in struct parcel/);
});

buildTest("draftHooks() has nothing for a fix that needs no hook", async () => {
  assert.equal(draftHooks(await build(old.replace("+ table[0]", "+ table[1]"))), undefined);
});
