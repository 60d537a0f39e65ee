// A patch of a source that has other lines around the place.

import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { patchFrom } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import {
  build,
  file,
  first,
  foundationOf,
  patches,
  payloadOf,
  small,
  sourceOf,
} from "./modes.test.support.ts";
import { reportOf } from "./report.ts";

const before = "/* Not in this source. */\n";
const foreign = patchFrom(file, sourceOf({ before }), sourceOf({ before, ...first }), "one.patch");
/** The line that differs is the last one of the context, so all of it is ignored. */
const withFuzz = { ...foreign, fuzz: 4 };

buildTest("buildFix() refuses without fuzz, and names how much it takes", async () => {
  await assert.rejects(build([foreign]), (error: { report?: { remedy?: string } }) =>
    /use --fuzz 4/.test(error.report?.remedy ?? ""),
  );
});

buildTest("buildFix() names each hunk that fuzz has placed, in words and as data", async () => {
  const options = small.options({}, { inputs: { patches: [withFuzz] } });
  const fix = await buildFix(options);
  assert.equal(fix.outcome, "built");
  const { movedHunks, files, warnings } = reportOf(fix, options, "fix.livepatch");
  const { hunk, line, distance, ignored, alternatives } = movedHunks[0] ?? {};
  assert.deepEqual(
    { line, distance, ignored, alternatives },
    { line: 10, distance: -1, ignored: { before: 4, after: 4 }, alternatives: 0 },
  );
  const words = "without 4 lines of context before it and 4 after it";
  assert.deepEqual(files[0]?.hunks, [`${hunk}, found 1 line above, ${words}`]);
  assert.match(warnings, /^warning: hunk .* was put at line 10, 1 line above its place, without 4/);
});

buildTest("buildFix() knows with how much fuzz a payload below was made", async () => {
  const below = payloadOf(await build([withFuzz]));
  const fix = await build([patches[1]], { foundation: foundationOf(below) });
  assert.deepEqual([fix.outcome, fix.refusals], ["built", []]);
});
