// What no payload is made of, and the reasons that are told.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { emptyFolder } from "../../files/files.test.support.ts";
import { smallXen } from "../../xen-make/small-xen.test.support.ts";
import {
  fixedKernel,
  kernel,
  kernelFile,
  linkHypervisor,
  makeBuildOf,
  makeSmallBuild,
  patchFrom,
  type SomeOptions,
} from "../build.test.support.ts";
import { buildFix } from "../build.ts";

// One cache for all, as users have one: only the first test prepares the source.
const small = makeSmallBuild({ after }, linkHypervisor());

buildTest("buildFix() tells every reason at once, and makes nothing", async () => {
  const { outcome, payload, refusals } = await buildFix(
    small.options({
      [kernelFile]: kernel
        .replace("wide()", "wide() + (initial++)")
        .replace("int kernel", "int initial = 7;\nint kernel"),
      "xen/arch/x86/xen.lds.S": "SECTIONS { }\n",
      "xen/common/start.c": "int start(void) { return 4; }\n",
    }),
  );
  assert.equal(outcome, "refused");
  assert.equal(payload, undefined);
  const rules = refusals.map(({ rule, what }) => `${rule} ${what}`);
  assert.ok(
    rules.some((text) => text === "file xen/arch/x86/xen.lds.S"),
    rules.join(),
  );
  for (const { reasons, where } of refusals) assert.ok(reasons.length > 0 && where !== "");
});

buildTest("buildFix() refuses to patch code that is not what runs", async () => {
  const running = linkHypervisor({ [kernelFile]: kernel.replace("wide()", "wide() * 3") });
  const fix = await buildFix(
    small.options(fixedKernel, { inputs: { xenSyms: { name: "xen-syms", bytes: running } } }),
  );
  assert.equal(fix.outcome, "refused");
  const found = fix.refusals.find(({ rule }) => rule === "run-pre");
  assert.equal(found?.what, 'function "kernel"');
  assert.match(
    found?.reasons[0] ?? "",
    /compiled here: \+0x[0-9a-f]+: .*\n {2}hypervisor: {4}\+0x/,
  );
  assert.match(found?.reasons[1] ?? "", /likely reason: another version of the source/);
});

buildTest("buildFix() refuses a symbol that the hypervisor lacks", async () => {
  const text = kernel
    .replace("int kernel", "int strange(void);\nint kernel")
    .replace("wide()", "wide() + strange()");
  const fix = await buildFix(small.options({ [kernelFile]: text }));
  assert.deepEqual(
    fix.refusals.map(({ rule, what }) => [rule, what]),
    [
      ["missing-symbol", 'symbol "strange"'],
      ["missing-symbol", 'symbol "strange"'],
    ],
  );
});

buildTest("buildFix() refuses a global function that moves to another file", async () => {
  const start = smallXen["xen/common/start.c"] ?? "";
  const fix = await buildFix(
    small.options({
      "xen/common/start.c": "int start_anew(void) { return 3; }\n",
      [kernelFile]: `${kernel}#ifndef kernel\n${start.replace("3", "4")}#endif\n`,
    }),
  );
  const found = fix.refusals.filter(({ rule }) => rule === "moved-between-files");
  assert.deepEqual(
    found.map(({ what, where }) => [what, where]),
    [['function "start"', "common/kernel.o"]],
  );
  assert.equal(fix.payload, undefined);
});

/** Another text of the kernel's file, for a hypervisor made of the first. */
function otherKernel(t: TestContext, old: string, text: string) {
  const base = makeBuildOf(t, { [kernelFile]: old });
  const patches = [patchFrom(kernelFile, old, text)];
  return ({ inputs, allowed = {} }: SomeOptions = {}) =>
    buildFix(base.options({}, { inputs: { patches, ...inputs }, allowed }));
}

buildTest(
  "buildFix() refuses init code that the fix changes, but for the author's word or hook",
  async (t) => {
    const setup =
      'static __attribute__((used, section(".init.text"))) int setup(void) { return 1; }\n';
    const text = kernel.replace("wide()", "wide() + 1");
    const build = otherKernel(t, setup + kernel, setup.replace("1", "2") + text);
    const { outcome, refusals } = await build();
    assert.equal(outcome, "refused");
    assert.deepEqual([...new Set(refusals.map(({ rule }) => rule))], ["init-code"]);
    assert.match(refusals[0]?.remedy ?? "", /--allow-init setup/);
    assert.equal((await build({ allowed: { init: ["setup"] } })).outcome, "built");
    const hooks = join(emptyFolder(t), "init-hook.c");
    writeFileSync(hooks, "static void on_load(void) { }\nXSPLICE_HOOK_LOAD(on_load)\n");
    const hooked = await build({ inputs: { hooks: [hooks] } });
    assert.equal(hooked.outcome, "built");
    assert.match(
      hooked.warnings,
      /^warning: function "setup" of common\/kernel\.o changed, .*: your hook must do/,
    );
  },
);

buildTest("buildFix() refuses another layout of a type, until the author allows it", async (t) => {
  const old = `static struct state { int a; } state;\n${kernel.replace("wide()", "state.a")}`;
  const text = old.replace("int a;", "int a; int b;").replace("state.a", "(state.a + 1)");
  const build = otherKernel(t, old, text);
  const { refusals } = await build();
  assert.deepEqual(
    refusals.filter(({ rule }) => rule === "layout").map(({ what, where }) => [what, where]),
    [["struct state", "common/kernel.o, common/user.o"]],
  );
  const allowed = await build({ allowed: { layouts: ["state"] } });
  assert.deepEqual(
    allowed.findings.fit.layouts.map(({ verdict }) => verdict.kind),
    ["no-effect"],
  );
  assert.ok(allowed.refusals.every(({ rule }) => rule !== "layout"));
});

buildTest("buildFix() refuses the source of another release", async () => {
  const bytes = linkHypervisor({}, 18);
  await assert.rejects(
    buildFix(small.options(fixedKernel, { inputs: { xenSyms: { name: "xen-syms", bytes } } })),
    /it is Xen 4\.18, the source is Xen 4\.17/,
  );
});
