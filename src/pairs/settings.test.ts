import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { makeSmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

const kernelFile = "xen/common/kernel.c";
const fix = { [kernelFile]: (smallXen[kernelFile] ?? "").replace("wide()", "wide() + 40") };
const kconfig = smallXen["xen/Kconfig"] ?? "";

const outcomeOf = ({ account }: PreparedPairs, path: string) =>
  account.ledger.find(({ file }) => file === path)?.outcome;

const harmless = {
  "xen/Kconfig": `${kconfig}config NEW\n`,
  "xen/arch/x86/configs/new_defconfig": "CONFIG_NEW=y\n",
};
buildTest("preparePairs() leaves out what does not change the configuration", async (t) => {
  const result = await preparePairs(makeSmallXen(t).request({ ...fix, ...harmless }));
  assert.deepEqual(
    result.pairs.map(({ object }) => object),
    ["common/kernel.o", "common/user.o"],
  );
  for (const path of Object.keys(harmless)) {
    assert.equal(outcomeOf(result, path)?.kind, "not-in-configuration", path);
  }
});

const topFile = "xen/Makefile";
const setting = (smallXen[topFile] ?? "").replace("CONFIG_CC_VERSION=1", "CONFIG_CC_VERSION=2");
const harmful = {
  "xen/Kconfig": [`${kconfig}default NEW=7\n`, /: CONFIG_NEW is 7 instead of n$/],
  "xen/Kconfig that goes": ["config OLD\n", /: CONFIG_OLD is n instead of y$/],
  [topFile]: [setting, /: CONFIG_CC_VERSION is 2 instead of 1$/],
} as const;
for (const [what, [text, reason]] of Object.entries(harmful)) {
  buildTest(`preparePairs() refuses before it compiles other settings of ${what}`, async (t) => {
    const [path = ""] = what.split(" ");
    const result = await preparePairs(makeSmallXen(t).request({ ...fix, [path]: text }));
    const outcome = outcomeOf(result, path);
    assert.ok(outcome?.kind === "refused", outcome?.kind);
    assert.match(outcome.reason, reason);
    assert.deepEqual(outcomeOf(result, kernelFile), { kind: "not-built" });
    assert.deepEqual(result.pairs, []);
    const phases = result.phases.map(({ name }) => name);
    assert.ok(!phases.includes("regenerate") && !phases.includes("compile"), phases.join());
  });
}

buildTest("preparePairs() says when a payload below changes how all is made", async (t) => {
  const xen = makeSmallXen(t);
  const below = xen.request({ "xen/common/Makefile": "obj-y := kernel.o user.o\n" });
  const request = xen.request(
    { "xen/crypto/Makefile": "obj-y := sum.o\n" },
    { inputs: { earlier: [below.inputs.patches] } },
  );
  const result = await preparePairs(request);
  assert.match(JSON.stringify(result.account), /entry\.o is not made any more/);
  const plain = xen.request(fix, { inputs: { earlier: [below.inputs.patches] } });
  await assert.rejects(preparePairs(plain), /no make file of the fix is the reason/);
});
