import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { XspliceError } from "../error.ts";
import { makeXenSyms } from "../running/xen-syms.test.support.ts";
import { readXenSyms } from "../running/xen-syms.ts";
import { compile, folder, report, type SomeOptions, xen } from "./compile.test.support.ts";

test("compilePayload() refuses a hook without ENDBR64", async () => {
  await assert.rejects(
    compile("static void up(void) {} XSPLICE_HOOK_LOAD(up)", {
      compiler: { extraFlags: ["-fcf-protection=none"] },
    }),
    report("builder/bad-option", /Cannot use "up" as a hook: it does not start with ENDBR64/),
  );
});

const refusals: readonly (readonly [
  why: string,
  c: string,
  check: (error: unknown) => boolean,
  more?: SomeOptions,
])[] = [
  ["nothing to do", "int stranger(void) { return 0; }", report("builder/nothing-to-do")],
  ["C that does not compile", "int roomy(", report("builder/compile-failed", /patch\.c:1/)],
  [
    "a function without room for the jump",
    "int tiny(void) { return 0; }",
    report("builder/unpatchable", /it is 1 bytes long/, /at least 5 bytes/),
  ],
  [
    "a function with ENDBR64 and no room behind it",
    "int marked(void) { return 0; }",
    report("builder/unpatchable", /it is 8 bytes long and starts with ENDBR64/, /at least 9 bytes/),
  ],
  [
    "a function that runs at boot only",
    "int start_xen(void) { return 0; }",
    report("builder/unpatchable", /its memory has been freed/),
  ],
  [
    "a reference to what exists at boot only",
    "extern int start_xen(void); int roomy(void) { return start_xen(); }",
    report("builder/unpatchable", /Cannot refer to "start_xen"/),
  ],
  [
    "a name that stands for two functions",
    "int dump(void) { return 0; }",
    report("builder/ambiguous", /common\/domain\.c#dump\n *common\/keyhandler\.c#dump/),
  ],
  [
    "unknown symbols, all at once, with names that are near",
    "extern int domain_lst, foo; int roomy(void) { return domain_lst + foo; }",
    report(
      "builder/unknown-symbol",
      /2 symbols/,
      /domain_lst \(did you mean domain_list\?\)/,
      /foo/,
    ),
  ],
  [
    "a second copy of a variable of Xen",
    "long domain_list = 1; long roomy(void) { return domain_list; }",
    report("builder/bad-option", /the hypervisor has this variable/),
  ],
  [
    "a pair whose old name Xen lacks",
    "int mine(void) { return 0; }",
    report("builder/unpatchable", /did you mean roomy\?/),
    { inputs: { replace: [{ old: "romy", new: "mine" }] } },
  ],
  [
    "a pair whose new name is not in the source",
    "int mine(void) { return 0; }",
    report("builder/bad-option", /not static: mine/),
    { inputs: { replace: [{ old: "roomy", new: "yours" }] } },
  ],
  [
    "two bodies for one function",
    "int mine(void) { return 0; } int roomy(void) { return 1; }",
    report("builder/bad-option", /Cannot replace "roomy" twice/),
    { inputs: { replace: [{ old: "roomy", new: "mine" }] } },
  ],
  [
    "a function whose name stands for two places",
    "int roomy(void) { return 1; }",
    report("builder/ambiguous", /Cannot replace "roomy": several places/),
    { target: { xen: { ...xen, ambiguous: new Set(["roomy"]) } } },
  ],
  [
    "a reference to a name that stands for two places",
    "extern long domain_list; int roomy(void) { return domain_list; }",
    report("builder/ambiguous", /Cannot refer to "domain_list": several places/),
    { target: { xen: { ...xen, ambiguous: new Set(["domain_list"]) } } },
  ],
  [
    "a definition under a quoted name, which could not be declared weak",
    'int name(void) __asm__("\\"common/domain.c#get_name\\""); int name(void) { return 1; }',
    report("builder/bad-option", /--replace common\/domain\.c#get_name=NAME/),
  ],
  [
    "a reference to a hook's pointer, which does not travel",
    `static void up(void) {} XSPLICE_HOOK_LOAD(up)
     void *hook(void) { return (void *)&xsplice_hook_load_up; }`,
    report("builder/bad-option", /Cannot refer to what the macro of a hook defines/),
  ],
  [
    "hooks for Xen 4.7, which would never call them",
    "static void up(void) {} XSPLICE_HOOK_LOAD(up) int roomy(void) { return 1; }",
    report("builder/bad-option", /Cannot use hooks with Xen 4\.7\.1/),
    { target: { release: { major: 4, minor: 7, point: 1 } } },
  ],
];

for (const [why, c, check, more] of refusals) {
  test(`compilePayload() refuses ${why}`, async () => {
    await assert.rejects(compile(c, more), check);
  });
}

test("readXenSyms() refuses files that are no xen-syms", () => {
  assert.throws(() => readXenSyms(new Uint8Array(), "empty"), XspliceError);
  const text = Buffer.from("This is a text. ".repeat(8));
  assert.throws(() => readXenSyms(text, "text"), XspliceError);
  const path = join(folder, "stripped");
  writeFileSync(path, makeXenSyms());
  execFileSync("strip", [path]);
  const stripped = readFileSync(path);
  assert.throws(() => readXenSyms(stripped, path), report("builder/bad-xen-syms", /no symbols/));
});
