// Functions of the library that the hypervisor was linked without, and a fix that needs them.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../test/why-no-build.ts";
import { smallXen } from "../xen-make/small-xen.test.support.ts";
import { kernel, kernelFile, makeBuildOf, patchFrom } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import type { BuiltFix } from "./built-fix.ts";

const library = {
  "xen/Makefile": (smallXen["xen/Makefile"] ?? "").replace(
    "common/built_in.o",
    "common/built_in.o lib/built_in.o",
  ),
  "xen/lib/Makefile": "obj-y := span.o skip.o find.o early.o\n",
  // Each needs the next one, and that one state of its own.
  "xen/lib/span.c": "int skip(int); int span(int x) { return skip(x) + 1; }\n",
  "xen/lib/skip.c": "int skipped = 4; int skip(int x) { return x * skipped++; }\n",
  "xen/lib/find.c": "int nowhere(int); int find(int x) { return nowhere(x) + 2; }\n",
  "xen/lib/early.c": '__attribute__((section(".init.text"))) int early(int x) { return x * 3; }\n',
};
const small = makeBuildOf({ after }, library);

/** A fix of `kernel` and of files of the library, given as they are afterwards. */
async function build(
  name: string,
  changes: Readonly<Partial<Record<keyof typeof library, string>>> = {},
): Promise<BuiltFix> {
  const calling = kernel
    .replace("int kernel", `int ${name}(int);\nint kernel`)
    .replace("wide()", `${name}(wide())`);
  const patches = [
    patchFrom(kernelFile, kernel, calling),
    ...Object.entries(changes).map(([path, text]) =>
      patchFrom(path, library[path as keyof typeof library], text, `${path}.patch`),
    ),
  ];
  return buildFix(small.options({}, { inputs: { patches } }));
}

const told = ({ findings: { objects } }: BuiltFix, object: string): readonly string[] =>
  objects
    .filter(({ pair }) => pair.object === object)
    .flatMap(({ diff }) => diff.ledger)
    .filter(({ what }) => /^(function|variable)/.test(what))
    .map(({ what, reasons }) => `${what}: ${reasons[0]}`)
    .sort();

buildTest("buildFix() carries what the hypervisor was linked without, and says why", async () => {
  const fix = await build("skip");
  assert.deepEqual(fix.refusals, []);
  assert.equal(fix.outcome, "built");
  const why =
    '"kernel" of common/kernel.o needs "skip", and the hypervisor was linked without lib/skip.o';
  assert.deepEqual(told(fix, "lib/skip.o"), [
    `function "skip": ${why}`,
    `variable "skipped": ${why}`,
  ]);
});

buildTest("buildFix() carries what such an object needs in turn", async () => {
  const fix = await build("span");
  assert.equal(fix.outcome, "built");
  assert.deepEqual(
    told(fix, "lib/skip.o")[0],
    'function "skip": "span" of lib/span.o needs "skip", and the hypervisor was linked without lib/skip.o',
  );
});

buildTest("buildFix() carries such an object as the fix leaves it", async () => {
  const fix = await build("skip", { "xen/lib/skip.c": "int skip(int x) { return x * 9; }\n" });
  assert.deepEqual(fix.refusals, []);
  assert.deepEqual(told(fix, "lib/skip.o").length, 1);
});

buildTest("buildFix() refuses an object of the library that needs what nobody has", async () => {
  const fix = await build("find");
  assert.deepEqual(
    fix.refusals.map(({ rule, what, where }) => `${rule} ${what} ${where.split(",")[0]}`),
    ['missing-symbol symbol "nowhere" lib/find.o'],
  );
  const [refusal] = fix.refusals;
  assert.match(refusal?.reasons.join() ?? "", /"kernel" of common\/kernel.o needs "find"/);
  assert.match(refusal?.remedy ?? "", /without this function of the library/);
});

buildTest("buildFix() refuses a function of the library that runs at boot only", async () => {
  const { refusals } = await build("early");
  assert.deepEqual(
    refusals.map(({ rule, what, reasons }) => [rule, what, reasons[0]?.split(",")[0]]),
    [["init-code", 'function "early"', '"kernel" of common/kernel.o needs "early"']],
  );
});

buildTest(
  "buildFix() finds nothing to patch in an object that the hypervisor was linked without",
  async () => {
    const path = "xen/lib/skip.c";
    const patches = [patchFrom(path, library[path], library[path].replace("x *", "x + 2 *"))];
    const fix = await buildFix(small.options({}, { inputs: { patches } }));
    assert.deepEqual([fix.outcome, fix.refusals], ["unchanged", []]);
    assert.match(told(fix, "lib/skip.o")[0] ?? "", /"skip": the hypervisor was linked without/);
  },
);
