import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { kernel, kernelFile, makeBuildOf, patchFrom } from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import type { BuiltFix } from "../built-fix.ts";

const headerFile = "xen/include/wide.h";
const startFile = "xen/common/start.c";

const header = `static inline __attribute__((always_inline)) int wide(void)
{
    return 1;
}
static inline __attribute__((always_inline)) int early(void)
{
    return 5;
}
#define LIMIT 3
`;
const start = `#include "wide.h"
__attribute__((section(".init.text"))) int start(void)
{
    return wide() + early() + LIMIT;
}
`;
const sources: Readonly<Record<string, string>> = {
  [headerFile]: header,
  [kernelFile]: kernel,
  [startFile]: start,
};
const small = makeBuildOf({ after }, sources);

function buildWith(changes: Readonly<Record<string, string>>): Promise<BuiltFix> {
  const patches = Object.entries(changes).map(([path, text]) => {
    assert.notEqual(text, sources[path]);
    return patchFrom(path, sources[path] ?? "", text);
  });
  return buildFix(small.options({}, { inputs: { patches } }));
}

const rulesOf = ({ findings }: BuiltFix, object: string) =>
  findings.objects
    .filter(({ pair }) => pair.object === object)
    .flatMap(({ diff }) => diff.ledger)
    .filter(({ what }) => what === 'function "start"')
    .map(({ disposition }) => "rule" in disposition && disposition.rule);

buildTest(
  "buildFix() takes an init function that only inlines what is carried elsewhere",
  async () => {
    const fix = await buildWith({ [headerFile]: header.replace("return 1", "return 41") });
    assert.equal(fix.outcome, "built", JSON.stringify(fix.refusals));
    assert.deepEqual(rulesOf(fix, "common/start.init.o"), ["init-inlining"]);
    assert.match(fix.warnings, /function "start" of common\/start\.init\.o: .* it inlines "wide"/);
  },
);

buildTest("buildFix() refuses a fix that only init functions inline", async () => {
  const fix = await buildWith({ [headerFile]: header.replace("return 5", "return 55") });
  assert.equal(fix.outcome, "refused");
  assert.deepEqual(rulesOf(fix, "common/start.init.o"), ["init-code"]);
});

buildTest("buildFix() refuses an init function that a changed macro is in", async () => {
  const text = header.replace("return 1", "return 41").replace("LIMIT 3", "LIMIT 4");
  const fix = await buildWith({ [headerFile]: text });
  assert.equal(fix.outcome, "refused");
  assert.deepEqual(rulesOf(fix, "common/start.init.o"), ["init-code"]);
});

buildTest("buildFix() refuses an init function whose own text changes as well", async () => {
  const fix = await buildWith({
    [headerFile]: header.replace("return 1", "return 41"),
    [startFile]: start.replace("wide() +", "2 * wide() +"),
  });
  assert.equal(fix.outcome, "refused");
  assert.deepEqual(rulesOf(fix, "common/start.init.o"), ["init-code"]);
});
