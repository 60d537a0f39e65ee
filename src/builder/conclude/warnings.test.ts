import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import type { LayoutFinding } from "../../layout/layout.ts";
import { smallXen } from "../../xen-make/small-xen.test.support.ts";
import {
  kernel,
  kernelFile,
  linkHypervisor,
  makeBuildOf,
  makeSmallBuild,
} from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import { reportOf } from "../report.ts";
import { warnOfHoles } from "./warnings.ts";

buildTest("buildFix() warns of a pointer to a function without ENDBR64", async (t) => {
  const marked = [".globl marked", ".type marked, @function", "marked: endbr64", "ret"];
  const lines = [...marked, ".size marked, . - marked", ""].join("\\n");
  const start = `${smallXen["xen/common/start.c"]}__asm__("${lines}");\n`;
  const bytes = linkHypervisor({ "xen/common/start.c": start });
  const small = makeSmallBuild(t, bytes);
  const hidden = '__attribute__((visibility("hidden")))';
  const declared = ["start", "marked"].map((name) => `extern ${hidden} int ${name}(void);\n`);
  const pointers = "{ int (*volatile one)(void) = start, (*volatile two)(void) = marked; ";
  const options = small.options({
    [kernelFile]: kernel
      .replace("int kernel", `${declared.join("")}int kernel`)
      .replace("{ return wide()", `${pointers}return one() + two()`),
  });
  const fix = await buildFix(options);
  assert.equal(fix.outcome, "built");
  const { warnings } = reportOf(fix, options, "fix.livepatch");
  assert.match(warnings, /^warning: .*address of "start", which does not start with ENDBR64.*\n$/);
});

buildTest("buildFix() warns of permissions that nothing asks for", async (t) => {
  const small = makeSmallBuild(t, linkHypervisor());
  const allowed = { init: ["misspelt"], layouts: ["struct nosuch"], freshData: ["n"] };
  const fixed = kernel.replace("wide()", "wide() + 1");
  const { outcome, warnings } = await buildFix(small.options({ [kernelFile]: fixed }, { allowed }));
  assert.equal(outcome, "built");
  assert.deepEqual(
    warnings.split("\n").map((line) => /^warning: (\S+ "[^"]+") has no effect/.exec(line)?.[1]),
    [
      '--allow-init "misspelt"',
      '--allow-layout "struct nosuch"',
      '--allow-fresh-data "n"',
      undefined,
    ],
  );
});

buildTest("buildFix() does not warn of a permission that is needed", async (t) => {
  const init = (value: number) =>
    `static __attribute__((used, section(".init.text"))) int setup(void) { return ${value}; }\n`;
  const small = makeBuildOf(t, { [kernelFile]: `${kernel}${init(1)}` });
  const text = `--- a/${kernelFile}\n+++ b/${kernelFile}\n@@ -4,1 +4,1 @@\n-${init(1)}+${init(2)}`;
  const patches = [{ name: "fix.patch", bytes: Buffer.from(text) }];
  const { refusals, warnings } = await buildFix(
    small.options({}, { inputs: { patches }, allowed: { init: ["setup"] } }),
  );
  assert.deepEqual([refusals, warnings], [[], ""]);
});

buildTest("buildFix() tells of a hunk that is not where it says", async (t) => {
  const small = makeSmallBuild(t, linkHypervisor());
  const fixed = kernel.replace("wide()", "wide() + 1");
  const lines = kernel.split("\n");
  const text = `--- a/${kernelFile}\n+++ b/${kernelFile}\n@@ -30,1 +30,1 @@\n-${lines[2]}\n+${fixed.split("\n")[2]}\n`;
  const patches = [{ name: "fix.patch", bytes: Buffer.from(text) }];
  const { outcome, warnings, findings } = await buildFix(
    small.options({}, { inputs: { patches } }),
  );
  assert.equal(outcome, "built");
  assert.equal(
    warnings,
    `note: hunk @@ -30,1 +30,1 @@ of ${kernelFile} fits 27 lines above its place\n`,
  );
  assert.deepEqual(findings.prepared.account.ledger[0]?.hunks, [
    "@@ -30,1 +30,1 @@, found 27 lines above",
  ]);
});

buildTest("buildFix() warns of a function that running CPUs run no more", async (t) => {
  const start = `${smallXen["xen/common/start.c"]}int kernel(void);
int identify_cpu(void) { return kernel() + 1; }
int start_secondary(void) { return identify_cpu() + 1; }
`;
  const small = makeBuildOf(t, { "xen/common/start.c": start });
  const { outcome, warnings } = await buildFix(
    small.options({ [kernelFile]: kernel.replace("wide()", "wide() + 1") }),
  );
  assert.equal(outcome, "built");
  // "user", which changes too, is called by nobody that one can see.
  assert.match(warnings, /^warning: function "kernel" runs only when a CPU comes up .*\n$/);
});

function allowedLayout(room: LayoutFinding["room"]): LayoutFinding {
  return {
    type: "struct domain",
    objects: ["common/domain.o"],
    changes: [],
    moved: [],
    room,
    verdict: {
      kind: "no-effect",
      rule: "allowed-layout",
      why: "allowed by the author",
      allowedAs: "domain",
    },
  };
}

test("warnOfHoles() tells who else may have written to a hole, or may do it at the same time", () => {
  const layouts = [allowedLayout({ kind: "in-holes", told: ["nothing moves"], members: [] })];
  assert.match(
    warnOfHoles(layouts, "stack"),
    /^warning: struct domain: nothing moves; .*stays there when it is reverted or replaced\n$/,
  );
  assert.match(warnOfHoles(layouts, "independent"), /Xen loads no other independent payload/);
});

test("warnOfHoles() tells of allowed members for which no hole was found, such as bit-fields", () => {
  const told = ['"warned" is a bit-field, for which no hole is looked for'];
  assert.equal(
    warnOfHoles([allowedLayout({ kind: "too-small", told, members: [] })], "stack"),
    "warning: struct domain: what objects that exist already hold in the new members is not known; " +
      `${told[0]}\n`,
  );
  assert.equal(warnOfHoles([allowedLayout(undefined)], "stack"), "");
});
