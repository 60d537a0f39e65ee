import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../test/why-no-build.ts";
import { BuildError } from "../build-outcome/build-error.ts";
import { leaveAbandoned } from "../files/files.test.support.ts";
import { makeSmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

const kernel = smallXen["xen/common/kernel.c"] ?? "";
const fixedKernel = kernel.replace("wide()", "wide() + 40");

const objectsOf = ({ pairs }: PreparedPairs) => pairs.map(({ object }) => object);
const outcomesOf = ({ account }: PreparedPairs) =>
  Object.fromEntries(account.ledger.map(({ file, outcome }) => [file, outcome.kind]));
const without = (phase: string) => (result: PreparedPairs) =>
  result.phases.every(({ name }) => name !== phase);

function contentOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, "latin1")]),
  );
}

buildTest(
  "preparePairs() gives every object that a C file is compiled into, and no other",
  async (t) => {
    const xen = makeSmallXen(t);
    const untouched = contentOf(xen.source);
    const result = await preparePairs(xen.request({ "xen/common/kernel.c": fixedKernel }));
    assert.deepEqual(objectsOf(result), ["common/kernel.o", "common/user.o"]);
    for (const { before, after, sources, dependencies } of result.pairs) {
      assert.ok(before !== undefined && !Buffer.from(before).equals(after));
      assert.ok(sources.length === 1 && dependencies.includes("common/kernel.c"));
    }
    assert.deepEqual(result.account.ledger[0]?.outcome, {
      kind: "compiled",
      objects: ["common/kernel.o", "common/user.o"],
    });
    assert.deepEqual(result.source.configDifferences, [
      { name: "CONFIG_CC_VERSION", given: "n", used: "1" },
      { name: "CONFIG_OLD", given: "n", used: "y" },
    ]);
    assert.deepEqual(contentOf(xen.source), untouched, "the source was changed");
  },
);

buildTest(
  "preparePairs() compiles on a known base only what is new, and makes the same bytes",
  async (t) => {
    const xen = makeSmallXen(t);
    const first = await preparePairs(xen.request({ "xen/common/kernel.c": fixedKernel }));
    const again = await preparePairs(xen.request({ "xen/common/kernel.c": fixedKernel }));
    assert.ok(!without("generate")(first) && without("generate")(again));
    assert.deepEqual(again.pairs, first.pairs);
    const elsewhere = makeSmallXen(t);
    const other = await preparePairs(
      elsewhere.request({ "xen/common/kernel.c": fixedKernel }, { run: { jobs: 1 } }),
    );
    assert.deepEqual(other.pairs, first.pairs);
  },
);

buildTest("preparePairs() follows headers, generated ones too, to all objects", async (t) => {
  const xen = makeSmallXen(t);
  const wide = await preparePairs(xen.request({ "xen/include/wide.h": "#define wide() 2\n" }));
  assert.deepEqual(objectsOf(wide), ["common/kernel.o", "common/user.o"]);
  const list = { "xen/include/public/list.h": "#define LISTED 2\n" };
  const generated = await preparePairs(xen.request(list));
  assert.deepEqual(objectsOf(generated), ["common/kernel.o", "common/user.o"]);
  assert.deepEqual(outcomesOf(generated), { "xen/include/public/list.h": "compiled" });
  assert.ok(generated.account.ledger[0]?.besides);
});

buildTest(
  "preparePairs() gives objects whose sections were renamed, and those of assembly",
  async (t) => {
    const xen = makeSmallXen(t);
    const result = await preparePairs(
      xen.request({
        "xen/common/start.c": "int start(void) { return 4; }\n",
        "xen/common/entry.S": ".globl entry\nentry: nop\nret\n",
      }),
    );
    assert.deepEqual(objectsOf(result), ["common/entry.o", "common/start.init.o"]);
    assert.equal(result.changes.lines["common/entry.S"]?.kind, "plain");
  },
);

buildTest("preparePairs() takes new files and the make file that brings them", async (t) => {
  const xen = makeSmallXen(t);
  const result = await preparePairs(
    xen.request({
      "xen/common/Makefile": `${smallXen["xen/common/Makefile"]}obj-y += fresh.o\n`,
      "xen/common/fresh.c": "int fresh(void) { return 5; }\n",
      "xen/common/kernel.c": `#include "fresh.h"\n${kernel}`,
      "xen/common/fresh.h": "int fresh(void);\n",
    }),
  );
  assert.deepEqual(objectsOf(result), ["common/kernel.o", "common/user.o", "common/fresh.o"]);
  assert.equal(result.pairs[2]?.before, undefined);
  assert.deepEqual(new Set(Object.values(outcomesOf(result))), new Set(["compiled"]));
});

buildTest("preparePairs() accounts for every file that no object has", async (t) => {
  const xen = makeSmallXen(t);
  const result = await preparePairs(
    xen.request({
      "tools/xl/xl.c": "int main(void) { return 1; }\n",
      "xen/arch/arm/traps.c": "int traps(void) { return 4; }\n",
      "xen/arch/x86/xen.lds.S": "SECTIONS { }\n",
      "xen/common/unused.c": "int unused(void) { return 4; }\n",
    }),
  );
  assert.deepEqual(result.pairs, []);
  assert.deepEqual(outcomesOf(result), {
    "tools/xl/xl.c": "not-hypervisor",
    "xen/arch/arm/traps.c": "not-in-configuration",
    "xen/arch/x86/xen.lds.S": "refused",
    "xen/common/unused.c": "not-in-configuration",
  });
});

buildTest("preparePairs() compiles the rest of a patch that has a refused part", async (t) => {
  const xen = makeSmallXen(t);
  const result = await preparePairs(
    xen.request({ "xen/common/kernel.c": fixedKernel, "xen/arch/x86/xen.lds.S": "\n" }),
  );
  assert.deepEqual(objectsOf(result), ["common/kernel.o", "common/user.o"]);
  assert.deepEqual(outcomesOf(result), {
    "xen/common/kernel.c": "compiled",
    "xen/arch/x86/xen.lds.S": "refused",
  });
});

buildTest(
  "preparePairs() says what the compiler says of a patch that does not compile",
  async (t) => {
    const xen = makeSmallXen(t);
    const request = xen.request({ "xen/common/kernel.c": kernel.replace("wide()", "wide(") });
    await assert.rejects(
      preparePairs(request),
      (error) =>
        error instanceof BuildError &&
        error.report.code === "build/compile-failed" &&
        /kernel\.c:3/.test(error.report.where ?? ""),
    );
    const [base = ""] = readdirSync(join(xen.cache, "build"));
    assert.deepEqual(readdirSync(join(xen.cache, "build", base, "work")), []);
  },
);

buildTest("preparePairs() serves two builds at once from one cache", async (t) => {
  const xen = makeSmallXen(t);
  const changes = { "xen/common/kernel.c": fixedKernel };
  const [one, two] = await Promise.all([
    preparePairs(xen.request(changes)),
    preparePairs(xen.request(changes)),
  ]);
  assert.deepEqual(one.pairs, two.pairs);
  assert.equal(readdirSync(join(xen.cache, "build")).length, 1);
});

buildTest("preparePairs() leaves a sound cache when it is interrupted", async (t) => {
  const xen = makeSmallXen(t);
  const changes = { "xen/common/kernel.c": fixedKernel };
  const reached = new Set<string>();
  for (const stop of ["configuring", "generating", "asking", "compiling"]) {
    const controller = new AbortController();
    const onProgress = (text: string) => {
      if (text.startsWith(stop)) reached.add(stop);
      if (text.startsWith(stop)) controller.abort(new Error("interrupted"));
    };
    const run = { onProgress, signal: controller.signal };
    await assert.rejects(preparePairs(xen.request(changes, { run })), { message: "interrupted" });
    const folders = readdirSync(join(xen.cache, "build"));
    assert.ok(folders.every((name) => !name.startsWith(".unfinished")));
  }
  assert.equal(reached.size, 4);
  assert.equal((await preparePairs(xen.request(changes))).pairs.length, 2);
});

buildTest("preparePairs() removes the working copies of builds that were killed", async (t) => {
  const xen = makeSmallXen(t);
  const request = xen.request({ "xen/common/kernel.c": fixedKernel });
  await preparePairs(request);
  const [base = ""] = readdirSync(join(xen.cache, "build"));
  const work = join(xen.cache, "build", base, "work");
  leaveAbandoned(work, "build-killed");
  await preparePairs(request);
  assert.deepEqual(readdirSync(work), []);
});

buildTest("preparePairs() refuses what is no source, no configuration, no patch", async (t) => {
  const xen = makeSmallXen(t);
  const changes = { "xen/common/kernel.c": fixedKernel };
  const request = xen.request(changes);
  const cases = [
    [{ inputs: { source: xen.cache } }, "build/no-source-tree"],
    [{ inputs: { config: { name: "c", text: "CONFIG_X=y\n" } } }, "build/bad-config"],
    [{ inputs: { patches: [] } }, "build/bad-patch"],
    [{ run: { compiler: "no-such-gcc" } }, "build/no-build-tools"],
  ] as const;
  for (const [wrong, code] of cases) {
    await assert.rejects(
      preparePairs(xen.request(changes, wrong)),
      (error) => error instanceof BuildError && error.report.code === code,
      code,
    );
  }
  rmSync(join(xen.source, "xen/Rules.mk"));
  await assert.rejects(preparePairs(request), BuildError);
  writeFileSync(
    join(xen.source, "xen/Makefile"),
    "export XEN_VERSION = 4\nexport XEN_SUBVERSION = 13\n",
  );
  await assert.rejects(
    preparePairs(request),
    (error) => error instanceof BuildError && error.report.code === "build/no-source-tree",
  );
});
