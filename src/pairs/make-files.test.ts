import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../test/why-no-build.ts";
import { makeSmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

const kernelFile = "xen/common/kernel.c";
const fix = { [kernelFile]: (smallXen[kernelFile] ?? "").replace("wide()", "wide() + 40") };
const commonFile = "xen/common/Makefile";
const common = smallXen[commonFile] ?? "";

const outcomeOf = ({ account }: PreparedPairs, path: string) =>
  account.ledger.find(({ file }) => file === path)?.outcome;
const objectsOf = ({ pairs }: PreparedPairs) => pairs.map(({ object }) => object);

const harmless = {
  "of a directory that is not read": { "xen/crypto/Makefile": "obj-y := hash.o sum.o\n" },
  "that names an object as before": { [commonFile]: common.replace("$(CONFIG_LIVEPATCH)", "y") },
  "that spells it in another way": {
    [commonFile]: common.replace("obj-y := kernel.o", "first := kernel\nobj-y := $(first:=.o)"),
  },
  "with an object that is left out": { [commonFile]: `${common}obj-$(CONFIG_NO) += no.o\n` },
  "of all Xen": { "Config.mk": "QEMU_TAG := 5\n" },
  "with objects in another order": {
    [commonFile]: common.replace("kernel.o user.o", "user.o kernel.o"),
  },
  "with a rule for other goals": { "xen/Makefile": `${smallXen["xen/Makefile"]}cloc:\n\techo\n` },
};
for (const [what, change] of Object.entries(harmless)) {
  buildTest(`preparePairs() leaves out a make file ${what}`, async (t) => {
    const result = await preparePairs(makeSmallXen(t).request({ ...fix, ...change }));
    assert.deepEqual(objectsOf(result), ["common/kernel.o", "common/user.o"]);
    for (const path of Object.keys(change)) {
      assert.equal(outcomeOf(result, path)?.kind, "not-in-configuration");
    }
  });
}

const rules = smallXen["xen/Rules.mk"] ?? "";
const linking = smallXen["xen/build.mk"] ?? "";
const harmful = {
  flags: [
    { [commonFile]: `${common}$(obj)/kernel.o: CFLAGS-y += -DX\n` },
    /common\/kernel\.o is made with -DX/,
  ],
  "flags of all": [{ "xen/Rules.mk": rules.replace("-MMD", "-DX -MMD") }, /made with -DX/],
  "an object less": [
    { [commonFile]: common.replace("entry.o", "") },
    /: common\/entry\.o is not made any more/,
  ],
  "an object that this configuration has no more": [
    { [commonFile]: common.replace("$(CONFIG_LIVEPATCH)", "$(CONFIG_OFF)") },
    /: common\/entry\.o is not made any more/,
  ],
  "flags of the last link": [
    { "xen/build.mk": linking.replace("ld -T", "ld -z text -T") },
    /xen is made with -z text/,
  ],
} as const;
for (const [what, [change, reason]] of Object.entries(harmful)) {
  buildTest(
    `preparePairs() refuses before it compiles a make file that changes ${what}`,
    async (t) => {
      const result = await preparePairs(makeSmallXen(t).request({ ...fix, ...change }));
      const [path = ""] = Object.keys(change);
      const outcome = outcomeOf(result, path);
      assert.ok(outcome?.kind === "refused", outcome?.kind);
      assert.match(outcome.reason, reason);
      assert.deepEqual(outcomeOf(result, kernelFile), { kind: "not-built" });
      assert.deepEqual(result.pairs, []);
      const phases = result.phases.map(({ name }) => name);
      assert.ok(!phases.includes("compile") && !phases.includes("dependencies"), phases.join());
    },
  );
}

buildTest(
  "preparePairs() takes objects of a make file that has other headers generated",
  async (t) => {
    // Nothing tells make that the header is an old one.
    const generating = rules.replace("sh tools/generate.sh", "sed 's/LISTED 1/GENERATED 2/'");
    const result = await preparePairs(makeSmallXen(t).request({ "xen/Rules.mk": generating }));
    const objects = ["common/kernel.o", "common/user.o"];
    assert.deepEqual(objectsOf(result), objects);
    assert.deepEqual(outcomeOf(result, "xen/Rules.mk"), { kind: "compiled", objects });
  },
);

buildTest(
  "preparePairs() refuses another order of objects that have entries of a list of the linker",
  async (t) => {
    const list = '\nvoid *call __attribute__((used, section(".initcall1.init"))) = kernel;\n';
    const order = { [commonFile]: common.replace("kernel.o user.o", "user.o kernel.o") };
    const untouched = makeSmallXen(t);
    writeFileSync(join(untouched.source, kernelFile), `${smallXen[kernelFile]}${list}`);
    for (const request of [
      // The entry comes with the fix, or the fix does not touch the object.
      makeSmallXen(t).request({ ...order, [kernelFile]: `${fix[kernelFile]}${list}` }),
      untouched.request(order),
    ]) {
      const result = await preparePairs(request);
      const outcome = outcomeOf(result, commonFile);
      assert.ok(outcome?.kind === "refused", outcome?.kind);
      assert.match(outcome.reason, /is linked at another place, .* list .* \.initcall1\.init/);
      assert.deepEqual(result.pairs, []);
    }
  },
);
