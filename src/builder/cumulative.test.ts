// Cumulative payloads, which take the place of all that is applied, and of the one before them.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../test/why-no-build.ts";
import { emptyFolder } from "../files/files.test.support.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import { patchFrom } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import {
  build,
  file,
  foundationOf,
  patches,
  payloadOf,
  small,
  sourceOf,
  start,
} from "./modes.test.support.ts";
import { reportOf } from "./report.ts";

buildTest("buildFix() names the patch behind each function of a cumulative payload", async () => {
  const options = small.options({}, { stacking: { mode: "cumulative" }, inputs: { patches } });
  const fix = await buildFix(options);
  const { payload } = payloadOf(fix);
  assert.equal(readStackingFacts(payload.metadata).mode, "cumulative");
  assert.equal(payload.depends, payload.xenDepends);
  assert.deepEqual(
    reportOf(fix, options, "p").functions.map((found) => [found.name, found.patches]),
    [
      ["one", ["one.patch", "three.patch"]],
      ["two", ["two.patch"]],
    ],
  );
});

buildTest("buildFix() tells what becomes of the functions of the previous payload", async () => {
  const alone = patchFrom(file, start, sourceOf({ three: "return n + 33;" }), "three.patch");
  const previous = payloadOf(await build([patches[0], alone], { mode: "cumulative" }));
  const wish = { mode: "cumulative", previous } as const;
  const { succession } = (await build(patches.slice(0, 2), wish)).findings;
  assert.deepEqual(succession?.functions.map(({ name, change }) => `${name}: ${change}`).sort(), [
    "one: unchanged",
    "three: no-longer-patched",
    "two: newly-patched",
  ]);
  const again = await build(patches, wish);
  const one = again.findings.succession?.functions.find(({ name }) => name === "one");
  assert.equal(one?.change, "patched-again");
});

buildTest("buildFix() refuses to lose what a variable of the previous payload holds", async () => {
  const previous = payloadOf(await build(patches.slice(0, 2), { mode: "cumulative" }));
  const stacking = { mode: "cumulative", previous } as const;
  const refused = await build(patches, stacking);
  assert.deepEqual(
    [refused.outcome, ...refused.refusals.map(({ rule, what }) => `${rule}: ${what}`)],
    ["refused", 'fresh-data: variable "start.c#count"'],
  );
  const allowed = { freshData: ["count"] };
  const given = small.options({}, { inputs: { patches }, stacking, allowed });
  assert.equal((await buildFix(given)).outcome, "built");
  const gone = await build(patches.slice(0, 1), stacking);
  assert.deepEqual(
    gone.findings.succession?.data.map(({ fate }) => fate),
    ["gone"],
  );
  assert.equal(gone.outcome, "built");
});

buildTest("buildFix() knows that a shadow variable goes on in the next payload", async () => {
  const user = (more: string) => {
    const before = "static volatile int xsplice_shadow_user_calls; ";
    const text = sourceOf({ before, two: `xsplice_shadow_user_calls = n; return n${more};` });
    return patchFrom(file, start, text, "two.patch");
  };
  const previous = payloadOf(await build([user("")], { mode: "cumulative" }));
  const next = await build([user(" + 1")], { mode: "cumulative", previous });
  assert.deepEqual(next.refusals, []);
  assert.deepEqual(next.findings.succession?.data, []);
});

buildTest("buildFix() knows a variable of the previous payload that became global", async () => {
  const previous = payloadOf(await build(patches.slice(0, 2), { mode: "cumulative" }));
  const shared = sourceOf({ before: "int count; ", two: "return count++ + n;" });
  const patch = patchFrom(file, start, shared, "two.patch");
  const refused = await build([patch], { mode: "cumulative", previous });
  assert.deepEqual(
    refused.refusals.map(({ rule, what }) => `${rule}: ${what}`),
    ['fresh-data: variable "start.c#count"'],
  );
});

buildTest(
  "buildFix() refuses hooks that would keep a cumulative payload from replacing",
  async (t) => {
    const hooks = join(emptyFolder(t), "veto.c");
    writeFileSync(
      hooks,
      "static int veto(struct livepatch_payload *p) { return p == 0; }\nXSPLICE_HOOK_PREAPPLY(veto)\n",
    );
    const refused = await build(patches, { mode: "cumulative" }, [hooks]);
    assert.deepEqual(
      refused.refusals.map(({ rule, what }) => `${rule}: ${what}`),
      ['vetoing-hook: hook "preapply"'],
    );
    payloadOf(await build(patches, {}, [hooks]));
  },
);

buildTest("buildFix() refuses a cumulative payload on top of another", async () => {
  const below = payloadOf(await build(patches.slice(0, 1)));
  const foundation = foundationOf(below);
  await assert.rejects(
    build(patches.slice(1, 2), { mode: "cumulative", foundation }),
    /it replaces all others/,
  );
});
