// A cache in which somebody, or a failing disk, has changed what objects are compiled from.

import assert from "node:assert/strict";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { preparePairs } from "../../src/pairs/prepare-pairs.ts";
import { makeSmallXen, smallXen } from "../../src/xen-make/small-xen.test.support.ts";
import { buildTest } from "../why-no-build.ts";

const kernelFile = "xen/common/kernel.c";
const fix = { [kernelFile]: (smallXen[kernelFile] ?? "").replace("wide()", "wide() + 40") };

for (const [what, path] of [
  ["a generated header", "xen/include/generated.h"],
  ["a header of the source", "xen/include/wide.h"],
] as const) {
  buildTest(
    `${what} that was changed in the cache is found before a payload is made`,
    async (t) => {
      const xen = makeSmallXen(t);
      const clean = await preparePairs(xen.request(fix));
      const bases = join(xen.cache, "build");
      const [base = ""] = readdirSync(bases);
      appendFileSync(join(bases, base, "tree", path), "static int poison(void) { return 1; }\n");
      await assert.rejects(preparePairs(xen.request(fix)), /a file was changed after it was made/);
      const again = await preparePairs(xen.request(fix));
      assert.deepEqual(again.pairs, clean.pairs);
    },
  );
}
