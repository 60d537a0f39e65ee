import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import { buildTest } from "../../test/why-no-build.ts";
import { makeSmallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

const file = "xen/common/start.c";
const filler = "\n".repeat(8);
const text = `int start(void) { return 3; }${filler}#ifdef OTHER_ARCH
int other(void) { return 4; }
#else
int own(void) { return 5; }
#endif${filler}int last(void) { return 6; }
`;

function prepare(t: { after(work: () => void): void }, changed: string): Promise<PreparedPairs> {
  const xen = makeSmallXen(t);
  writeFileSync(join(xen.source, file), text);
  const patch = createTwoFilesPatch(`a/${file}`, `b/${file}`, text, changed);
  const patches = [{ name: "fix.patch", bytes: Buffer.from(patch) }];
  return preparePairs(xen.request({}, { inputs: { patches } }));
}

buildTest("preparePairs() tells of hunks that this configuration leaves out", async (t) => {
  const both = text.replace("return 4", "return 44").replace("return 6", "return 66");
  const [entry] = (await prepare(t, both)).account.ledger;
  assert.equal(entry?.outcome.kind, "compiled");
  assert.equal(entry?.hunks.length, 2);
  assert.deepEqual(entry?.leftOut, [entry?.hunks[0]]);
});

buildTest("preparePairs() takes a file of which all hunks are left out for left out", async (t) => {
  const [entry] = (await prepare(t, text.replace("return 4", "return 44"))).account.ledger;
  assert.deepEqual(entry?.outcome, {
    kind: "not-in-configuration",
    reason: "the preprocessor leaves out all lines that it changes",
  });
});

buildTest("preparePairs() says nothing of the kind of the other branch", async (t) => {
  const [entry] = (await prepare(t, text.replace("return 5", "return 55"))).account.ledger;
  assert.deepEqual([entry?.outcome.kind, entry?.leftOut], ["compiled", undefined]);
});

buildTest("preparePairs() says nothing where the patch changes conditions as well", async (t) => {
  const changed = text.replace("return 4", "return 44").replace("#ifdef", "#ifndef");
  const [entry] = (await prepare(t, changed)).account.ledger;
  assert.deepEqual([entry?.outcome.kind, entry?.leftOut], ["compiled", undefined]);
});
