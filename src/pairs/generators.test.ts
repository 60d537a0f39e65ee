import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { BuildError } from "../build-outcome/build-error.ts";
import { makeSmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

const kernelFile = "xen/common/kernel.c";
const fix = { [kernelFile]: (smallXen[kernelFile] ?? "").replace("wide()", "wide() + 40") };
const generatorFile = "xen/tools/generate.sh";
const generator = smallXen[generatorFile] ?? "";
const listFile = "xen/include/public/list.h";
const objects = ["common/kernel.o", "common/user.o"];

const outcomeOf = ({ account }: PreparedPairs, path: string) =>
  account.ledger.find(({ file }) => file === path)?.outcome;

buildTest("preparePairs() runs the generators of the patch on its headers", async (t) => {
  const result = await preparePairs(
    makeSmallXen(t).request({
      [listFile]: "#define CATALOGUED 2\n",
      [generatorFile]: generator.replace("LISTED", "CATALOGUED"),
    }),
  );
  assert.deepEqual(
    result.pairs.map(({ object }) => object),
    objects,
  );
  for (const path of [listFile, generatorFile]) {
    assert.deepEqual(outcomeOf(result, path), { kind: "compiled", objects });
  }
});

buildTest("preparePairs() takes a generator alone by what it generates", async (t) => {
  const xen = makeSmallXen(t);
  const other = xen.request({ [generatorFile]: `${generator}echo '#define MORE 1'\n` });
  assert.deepEqual(outcomeOf(await preparePairs(other), generatorFile), {
    kind: "compiled",
    objects,
  });
  const same = xen.request({ ...fix, [generatorFile]: `# ours\n${generator}` });
  const result = await preparePairs(same);
  assert.deepEqual(outcomeOf(result, kernelFile), { kind: "compiled", objects });
  assert.equal(outcomeOf(result, generatorFile)?.kind, "not-in-configuration");
});

buildTest("preparePairs() leaves out a script that nothing runs", async (t) => {
  const change = { "xen/tools/unused.py": "print(1)\n" };
  const result = await preparePairs(makeSmallXen(t).request({ ...fix, ...change }));
  assert.equal(outcomeOf(result, "xen/tools/unused.py")?.kind, "not-in-configuration");
});

const later = {
  "xen/tools/check.sh": "true\n",
  "xen/tools/common": "set -eu\n",
};
for (const [path, text] of Object.entries(later)) {
  buildTest(`preparePairs() refuses before it compiles ${path}, which the link runs`, async (t) => {
    const result = await preparePairs(makeSmallXen(t).request({ ...fix, [path]: text }));
    const outcome = outcomeOf(result, path);
    assert.ok(outcome?.kind === "refused", outcome?.kind);
    assert.match(outcome.reason, /: xen\/tools\/\S+ runs when objects are made$/);
    assert.deepEqual(outcomeOf(result, kernelFile), { kind: "not-built" });
  });
}

buildTest("preparePairs() says when a generator of the patch fails", async (t) => {
  const request = makeSmallXen(t).request({ [listFile]: "#define CATALOGUED 2\n" });
  await assert.rejects(
    preparePairs(request),
    (error) => error instanceof BuildError && error.report.code === "build/compile-failed",
  );
});

buildTest("preparePairs() compares with a payload below that has its own generator", async (t) => {
  const xen = makeSmallXen(t);
  const changes = { [generatorFile]: `${generator}echo '#define MORE 1'\n` };
  const earlier = [xen.request(changes).inputs.patches];
  const result = await preparePairs(xen.request(fix, { inputs: { earlier } }));
  const alone = await preparePairs(xen.request(changes));
  const [[pair], [below]] = [result.pairs, alone.pairs];
  assert.ok(pair && below);
  assert.deepEqual(pair.before, below.after);
});
