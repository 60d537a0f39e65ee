import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { createTwoFilesPatch } from "diff";
import { buildTest } from "../../test/why-no-build.ts";
import { inspectPayload } from "../payload/inspect.ts";
import { parsePayload } from "../payload/parse.ts";
import { smallXen } from "../xen-make/small-xen.test.support.ts";
import { linkHypervisor, makeSmallBuild, type SomeOptions } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import { reportOf } from "./report.ts";
import { explainFunction } from "./report-explain.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-build-test-"));
const cleanups: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const xenSyms = linkHypervisor();
// One cache for all, as users have one: only the first test prepares the source.
const small = makeSmallBuild({ after: (work) => cleanups.push(work) }, xenSyms);

const kernelFile = "xen/common/kernel.c";
const kernel = smallXen[kernelFile] ?? "";
const fixed = { [kernelFile]: kernel.replace("wide()", "wide() + 40") };

buildTest("buildFix() makes a payload of every object that the fix changes", async () => {
  const options = small.options(fixed, { label: { metadata: [["team", "red"]] } });
  const fix = await buildFix(options);
  assert.equal(fix.outcome, "built");
  assert.deepEqual(
    fix.payload?.functions.map(({ name, object }) => [name, object]),
    [
      ["kernel", "common/kernel.o"],
      ["user", "common/user.o"],
    ],
  );
  assert.match(fix.payload?.functions[0]?.why.join() ?? "", /add/);
  assert.ok(fix.payload);
  assert.deepEqual(inspectPayload(fix.payload.bytes, "fix").findings, []);
  const payload = parsePayload(fix.payload.bytes, "fix");
  assert.deepEqual(
    payload.functions.map(({ kind, name }) => (kind === "replace" ? name : kind)),
    ["guard", "guard", "guard", "guard", "kernel", "user", "nop"],
  );
  assert.match(payload.metadata[5] ?? "", /^marker=xsplice\.marker\.xs/);
  assert.deepEqual(payload.metadata.slice(6), ["title=fix", "tool=xsplice 1.2.3", "team=red"]);
  const report = reportOf(fix, options, "fix.livepatch");
  assert.equal(report.payload?.buildId, payload.buildId);
  assert.equal(report.compiler.verdict, "same");
  assert.equal(report.hypervisor.functionsCompared, 4);
  assert.deepEqual(
    report.files.map(({ file, outcome }) => [file, outcome.kind]),
    [[kernelFile, "compiled"]],
  );
  assert.doesNotThrow(() => JSON.stringify(report));
});

buildTest(
  "buildFix() gives the same bytes in another folder, with another number of jobs",
  async (t) => {
    const other = makeSmallBuild(t, xenSyms);
    const [one, two] = [
      await buildFix(small.options(fixed)),
      await buildFix(other.options(fixed, { run: { jobs: 1 } })),
    ];
    assert.ok(one.payload && two.payload);
    assert.deepEqual(one.payload.bytes, two.payload.bytes);
  },
);

buildTest("reportOf() says the same of a patch that lies in another folder", async () => {
  const reports = await Promise.all(
    ["/one/fix.patch", "/other/fix.patch"].map(async (name) => {
      const { patches } = small.options(fixed).inputs;
      const renamed = patches.map(({ bytes }) => ({ name, bytes }));
      const named = small.options(fixed, { inputs: { patches: renamed } });
      const { timings: _, ...report } = reportOf(await buildFix(named), named, "fix.livepatch");
      return report;
    }),
  );
  assert.deepEqual(reports[0], reports[1]);
  assert.deepEqual(Object.keys(reports[0]?.inputs.patches ?? {}), ["fix.patch"]);
});

buildTest("buildFix() makes nothing of a fix that changes no code, and says so", async () => {
  const { outcome, payload } = await buildFix(
    small.options({ [kernelFile]: `/* A comment,\n * of two lines. */\n${kernel}` }),
  );
  assert.equal(outcome, "unchanged");
  assert.equal(payload, undefined);
});

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
    small.options(fixed, { inputs: { xenSyms: { name: "xen-syms", bytes: running } } }),
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

/** A patch from one text of the kernel's file to another, for a hypervisor made of the first. */
function otherKernel(t: TestContext, old: string, text: string) {
  const base = makeSmallBuild(t, linkHypervisor({ [kernelFile]: old }));
  writeFileSync(join(base.source, kernelFile), old);
  const patch = createTwoFilesPatch(`a/${kernelFile}`, `b/${kernelFile}`, old, text);
  const patches = [{ name: "other.patch", bytes: Buffer.from(patch) }];
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
    const hooks = join(folder, "init-hook.c");
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

const withHelper = {
  "xen/common/Makefile": `${smallXen["xen/common/Makefile"]}obj-y += helper.o\n`,
  "xen/common/helper.c": "int helper(void);\nint helper(void) { return 7; }\n",
  [kernelFile]: kernel
    .replace("int kernel", "int helper(void);\nint kernel")
    .replace("wide()", "wide() + helper()"),
};

buildTest("buildFix() adds hooks, which may call what a new file of the fix brings", async () => {
  const hooks = join(folder, "hooks.c");
  const code =
    "extern int helper(void);\nstatic void on_load(void) { helper(); }\nXSPLICE_HOOK_LOAD(on_load)\n";
  writeFileSync(hooks, code);
  const { payload } = await buildFix(small.options(withHelper, { inputs: { hooks: [hooks] } }));
  assert.ok(payload);
  const { functions, hooks: found } = parsePayload(payload.bytes, "fix");
  assert.deepEqual(
    functions.map(({ kind, name }) => (kind === "replace" ? name : kind)),
    ["guard", "guard", "guard", "guard", "kernel", "user", "nop"],
  );
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ["load"],
  );
  assert.deepEqual(
    payload.symbolMap
      .map(({ sourceName, kind }) => (kind === "marker" ? kind : `${kind} ${sourceName}`))
      .map((text) => text.replace(/\.xs[0-9a-f]{10}$/, ""))
      .sort(),
    [
      ...[
        "cover helper",
        "cover kernel",
        "cover user",
        "function helper",
        "hook hooks.c#on_load",
        "marker",
      ],
      ...["replacement kernel", "replacement user"],
    ],
  );
  const reasons = parsePayload(payload.bytes, "fix").reasons ?? [];
  assert.ok(reasons.some((one) => one.function === "kernel" && /helper/.test(one.text)));
});

buildTest("buildFix() takes a file without hooks for a mistake", async () => {
  const hooks = join(folder, "none.c");
  writeFileSync(hooks, "int nothing;\n");
  await assert.rejects(
    buildFix(small.options(fixed, { inputs: { hooks: [hooks] } })),
    /it declares none/,
  );
});

buildTest("buildFix() refuses the source of another release", async () => {
  const bytes = linkHypervisor({}, 18);
  await assert.rejects(
    buildFix(small.options(fixed, { inputs: { xenSyms: { name: "xen-syms", bytes } } })),
    /it is Xen 4\.18, the source is Xen 4\.17/,
  );
});

buildTest("explainFunction() shows both sides line by line", async () => {
  const { objects } = (await buildFix(small.options(fixed))).findings;
  const [explained] = explainFunction(objects, "kernel");
  assert.equal(explained?.object, "common/kernel.o");
  const differing = explained?.rows.filter(({ kind }) => kind === "differs") ?? [];
  assert.ok(differing.length > 0 && differing.length < (explained?.rows.length ?? 0));
  assert.ok(differing.some(({ after }) => /add/.test(after ?? "")));
  assert.deepEqual(explainFunction(objects, "nobody"), []);
});

buildTest("buildFix() lets a function go that only tables of the linker refer to", async () => {
  const fix = await buildFix(small.options({ [kernelFile]: kernel.replace("wide()", "7") }));
  assert.equal(fix.outcome, "built");
});
