import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../test/why-no-build.ts";
import { BuildError } from "../build-outcome/build-error.ts";
import { openSmallBase } from "../xen-make/objects/small-base.test.support.ts";
import { smallXen } from "../xen-make/small-xen.test.support.ts";
import { unitsOfPlainFix } from "./plain-fix.ts";
import { preparePairs } from "./prepare-pairs.ts";

const changed = "int start(void) { return 4; }\n";
/** No other file includes it, and one command compiles it. */
const hash = "xen/crypto/hash.c";

buildTest("unitsOfPlainFix() takes C files alone that nobody includes", async (t) => {
  const { base } = await openSmallBase(t);
  const unitsOf = (files: Readonly<Record<string, string | undefined>>) =>
    unitsOfPlainFix(
      base,
      new Map(
        Object.entries(files).map(([path, after]) => [path, { before: smallXen[path], after }]),
      ),
    )?.map(({ object }) => object);
  const user = "xen/common/user.c";
  assert.deepEqual(unitsOf({ [user]: '#include "generated.h"\nint user;\n' }), ["common/user.o"]);
  assert.equal(unitsOf({}), undefined);
  const others = {
    "that another file includes": { "xen/common/kernel.c": changed },
    "that objcopy has a hand in": { "xen/common/start.c": changed },
    "that is removed": { [user]: undefined },
    "that is new": { [hash]: changed },
    "that is not compiled": { "xen/common/unused.c": changed },
    "that includes code": { [user]: '#include "kernel.c"\n' },
    "that includes what a macro names": { [user]: "#include NAME\n" },
    "that includes our headers": { [user]: "#include <xsplice.h>\n" },
    "of assembly": { "xen/common/entry.S": "entry: ret\n" },
    "beside a header": { [user]: changed, "xen/include/wide.h": "" },
  };
  for (const [which, files] of Object.entries(others))
    assert.equal(unitsOf(files), undefined, which);
});

buildTest("preparePairs() says of a plain fix that does not compile what make says", async (t) => {
  const { xen, base } = await openSmallBase(t);
  const request = xen.request({ "xen/common/user.c": "int user(void) { return }\n" });
  await assert.rejects(preparePairs(request), (error) => {
    assert.ok(error instanceof BuildError);
    assert.equal(error.report.code, "build/compile-failed");
    assert.match(error.report.where ?? "", /user\.c:1/);
    return true;
  });
  assert.ok(!existsSync(join(base.tree, "xen/common/user.o")));
});
