import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { makeSmallXen, type SmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

const kernelFile = "xen/common/kernel.c";
const kernel = smallXen[kernelFile] ?? "";
const fix = { [kernelFile]: kernel.replace("wide()", "wide() + 40") };

type Changes = Readonly<Record<string, string>>;

/** The fix on top of levels, each a change of other files. */
async function prepareOn(xen: SmallXen, levels: readonly Changes[], own: Changes = fix) {
  const said: string[] = [];
  const earlier = levels.map((changes) => xen.request(changes).inputs.patches);
  const onProgress = (text: string) => said.push(text);
  const request = xen.request(own, { inputs: { earlier }, run: { onProgress } });
  return { prepared: await preparePairs(request), said };
}

function objectOf({ pairs }: PreparedPairs, name: string) {
  return pairs.find(({ object }) => object === name) ?? assert.fail(`no ${name}`);
}

const header = { "xen/include/wide.h": "static inline int wide(void) { return 2; }\n" };
const generating = { "xen/include/public/list.h": "#define LISTED 2\n" };

for (const [what, changes] of Object.entries({ header, generating })) {
  buildTest(`preparePairs() compares with the object of a level, by its ${what}`, async (t) => {
    const xen = makeSmallXen(t);
    const { prepared } = await prepareOn(xen, [changes]);
    const alone = await preparePairs(xen.request(changes));
    for (const name of ["common/kernel.o", "common/user.o"]) {
      const pair = objectOf(prepared, name);
      assert.deepEqual(pair.before, objectOf(alone, name).after);
      assert.deepEqual(pair.levels, [objectOf(alone, name).before, pair.before]);
    }
    assert.deepEqual(
      prepared.account.ledger.map(({ file }) => file),
      [kernelFile],
    );
  });
}

buildTest(
  "preparePairs() gives each level on top of the one below, where it reaches",
  async (t) => {
    const xen = makeSmallXen(t);
    const elsewhere = { "xen/common/start.c": "int start(void) { return 4; }\n" };
    const { prepared } = await prepareOn(xen, [header, elsewhere, generating]);
    const [source, first, second, third, ...more] = objectOf(prepared, "common/kernel.o").levels;
    assert.ok(source && first && second && third && more.length === 0);
    assert.notDeepEqual(first, source);
    assert.equal(second, first, "compiled once");
    assert.notDeepEqual(third, second);
  },
);

buildTest("preparePairs() knows an object that only a level brings", async (t) => {
  const xen = makeSmallXen(t);
  const added = {
    "xen/common/Makefile": `${smallXen["xen/common/Makefile"]}obj-y += helper.o\n`,
    "xen/common/helper.c":
      '#include "wide.h"\nint helper(void);\nint helper(void) { return wide(); }\n',
  };
  const { prepared } = await prepareOn(xen, [added], header);
  const { before, levels } = objectOf(prepared, "common/helper.o");
  assert.ok(before !== undefined);
  assert.deepEqual(levels, [undefined, before]);
});

buildTest("preparePairs() keeps what it compiled of a level", async (t) => {
  const xen = makeSmallXen(t);
  const first = await prepareOn(xen, [generating]);
  const again = await prepareOn(xen, [generating]);
  const words = /with the patches of the payloads below/;
  assert.ok(first.said.some((text) => words.test(text)));
  assert.ok(!again.said.some((text) => words.test(text)), again.said.join());
  assert.deepEqual(again.prepared.pairs, first.prepared.pairs);
});

buildTest("preparePairs() says when the patches of a level do not fit the source", async (t) => {
  const xen = makeSmallXen(t);
  await assert.rejects(prepareOn(xen, [header, header]), /the source has this change already/);
});

buildTest("preparePairs() says when a level does not compile", async (t) => {
  const xen = makeSmallXen(t);
  const broken = { "xen/include/wide.h": "static inline int wide(void) { return }\n" };
  await assert.rejects(
    prepareOn(xen, [broken], {
      [kernelFile]: kernel.replace('#include "wide.h"', "#define wide() 1"),
    }),
    /Cannot compile the source with the patches of the payloads below/,
  );
});
