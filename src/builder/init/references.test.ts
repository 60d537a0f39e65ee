// Run-time code that calls functions of other objects which are freed after boot, behind a condition that
// holds only while booting.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { kernelFile, makeBuildOf, patchFrom } from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import { reportOf } from "../report.ts";

const init = '__attribute__((section(".init.text")))';
const start = `int start(void) { return 3; }
${init} int early(int x) { return x + 7; }
${init} int other(int x) { return x + 9; }
`;
const kernel = `#include "wide.h"
int early(int x), other(int x);
${init} static int own(int x)
{
    return x + 11;
}
int kernel(void)
{
    if ( wide() == 3 )
        return own(4);
    if ( wide() == 2 )
        return early(4);
    return wide() + 5;
}
int bystander(void)
{
    return wide() + 6;
}
`
  // Another file includes this one.
  .replace(
    "int bystander",
    "#define GLUE2(a, b) a##b\n#define GLUE(a, b) GLUE2(a, b)\nint GLUE(by_, kernel)",
  );
const sources = { [kernelFile]: kernel, "xen/common/start.c": start };
const small = makeBuildOf({ after }, sources);

function optionsFor(from: string, to: string) {
  const text = kernel.replace(from, to);
  assert.notEqual(text, kernel);
  return small.options({}, { inputs: { patches: [patchFrom(kernelFile, kernel, text)] } });
}

async function refusalsOf(from: string, to: string) {
  const { outcome, refusals } = await buildFix(optionsFor(from, to));
  assert.equal(outcome, "refused");
  const own = refusals.filter(({ where }) => where.startsWith("common/kernel.o"));
  return own.map(({ rule, what, reasons }) => `${rule} ${what}: ${reasons[0]}`);
}

buildTest("buildFix() lets a function call what it called at boot, and says so", async () => {
  const options = optionsFor("+ 5", "+ 50");
  const fix = await buildFix(options);
  assert.equal(fix.outcome, "built", JSON.stringify(fix.refusals));
  const { bootOnly, warnings } = reportOf(fix, options, "fix.livepatch");
  const told = bootOnly.map((one) => `${one.object} ${one.function} ${one.symbol}`);
  assert.deepEqual(told.sort(), [
    "common/kernel.o kernel early",
    "common/kernel.o kernel kernel.c#own",
    "common/user.o user early",
    "common/user.o user user.c#own",
  ]);
  assert.match(
    warnings,
    /^warning: function "kernel" of common\/kernel\.o refers to ("early|"kernel.c#own|", )+", freed after boot, as the old one did: the path .* must not run again, so the condition .*$/m,
  );
});

for (const [what, from, to, who] of [
  ["a second call of it", "wide() + 5", "early(5)", "kernel"],
  ["its address instead of a call", "return early(4)", "return early != (void *)4", "kernel"],
  ["a call of it in another function", "wide() + 6", "early(6)", "by_kernel"],
] as const) {
  buildTest(`buildFix() refuses ${what}`, async () => {
    const refusals = await refusalsOf(from, to);
    assert.deepEqual(refusals, [
      `init-reference symbol "early": its memory is freed once Xen has booted, and "${who}" refers to it otherwise, or more often, than the old code did`,
    ]);
  });
}

buildTest("buildFix() refuses another function of the same kind", async () => {
  const refusals = await refusalsOf("return early(4)", "return other(4)");
  assert.match(refusals.join("\n"), /^init-reference symbol "other": [^\n]*$/);
});
