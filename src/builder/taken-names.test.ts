import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { smallXen } from "../xen-make/small-xen.test.support.ts";
import { linkHypervisor, makeSmallBuild } from "./build.test.support.ts";
import { buildFix } from "./build.ts";

buildTest("buildFix() refuses a global function that moves to another file", async (t) => {
  const small = makeSmallBuild(t, linkHypervisor());
  const start = smallXen["xen/common/start.c"] ?? "";
  const kernel = smallXen["xen/common/kernel.c"] ?? "";
  const fix = await buildFix(
    small.options({
      "xen/common/start.c": "int start_anew(void) { return 3; }\n",
      "xen/common/kernel.c": `${kernel}#ifndef kernel\n${start.replace("3", "4")}#endif\n`,
    }),
  );
  const found = fix.refusals.filter(({ rule }) => rule === "moved-between-files");
  assert.deepEqual(
    found.map(({ what, where }) => [what, where]),
    [['function "start"', "common/kernel.o"]],
  );
  assert.equal(fix.payload, undefined);
});
