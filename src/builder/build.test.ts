// What becomes of a fix of one file: the payload, the same wherever it is built, and the report.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../test/why-no-build.ts";
import { inspectPayload } from "../payload/inspect.ts";
import { parsePayload } from "../payload/parse.ts";
import {
  fixedKernel,
  kernel,
  kernelFile,
  linkHypervisor,
  makeSmallBuild,
} from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import { reportOf } from "./report.ts";
import { explainFunction } from "./report-explain.ts";

// One cache for all, as users have one: only the first test prepares the source.
const xenSyms = linkHypervisor();
const small = makeSmallBuild({ after }, xenSyms);

buildTest("buildFix() makes a payload of every object that the fix changes", async () => {
  const options = small.options(fixedKernel, { label: { metadata: [["team", "red"]] } });
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
      await buildFix(small.options(fixedKernel)),
      await buildFix(other.options(fixedKernel, { run: { jobs: 1 } })),
    ];
    assert.ok(one.payload && two.payload);
    assert.deepEqual(one.payload.bytes, two.payload.bytes);
  },
);

buildTest("reportOf() says the same of a patch that lies in another folder", async () => {
  const reports = await Promise.all(
    ["/one/fix.patch", "/other/fix.patch"].map(async (name) => {
      const { patches } = small.options(fixedKernel).inputs;
      const renamed = patches.map(({ bytes }) => ({ name, bytes }));
      const named = small.options(fixedKernel, { inputs: { patches: renamed } });
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

buildTest("explainFunction() shows both sides line by line", async () => {
  const { objects } = (await buildFix(small.options(fixedKernel))).findings;
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
