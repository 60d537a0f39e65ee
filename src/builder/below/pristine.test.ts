// Patches of both sides: what the source lacks of the hypervisor that runs, before the fix is looked at.

import assert from "node:assert/strict";
import { buildTest } from "../../../test/why-no-build.ts";
import { openElf } from "../../elf/open.ts";
import { readOrigin } from "../../payload/made-from/origin.ts";
import { onHypervisor, readPayloadBelow } from "../../running/payload-below.ts";
import {
  kernel,
  kernelFile,
  linkHypervisor,
  makeSmallBuild,
  patchFrom,
} from "../build.test.support.ts";
import { buildFix } from "../build.ts";

/** What runs, and the source does not have. */
const running = kernel.replace("wide()", "wide() + 7");
const fixed = running.replace("GENERATED", "GENERATED + 40");
const pristine = [patchFrom(kernelFile, kernel, running, "pristine-seven.patch")];
const patches = [patchFrom(kernelFile, running, fixed)];

buildTest("buildFix() applies patches of both sides before it looks at the fix", async (t) => {
  const small = makeSmallBuild(t, linkHypervisor({ [kernelFile]: running }));
  const fix = await buildFix(small.options({}, { inputs: { patches, pristine } }));
  assert.equal(fix.outcome, "built", JSON.stringify(fix.refusals));
  const bytes = fix.payload?.bytes ?? assert.fail();
  const origin = readOrigin(openElf(bytes, "fix"));
  assert.deepEqual(
    origin?.pristine?.map(({ name }) => name),
    ["pristine-seven.patch"],
  );
  // A payload on top has to be built from the same source.
  const below = { payloads: [readPayloadBelow(bytes, "fix")], buildId: undefined };
  const more = [patchFrom(kernelFile, fixed, fixed.replace("40", "41"), "more.patch")];
  const stacking = { foundation: below };
  await assert.rejects(
    buildFix(small.options({}, { inputs: { patches: more }, stacking })),
    /(other patches of both sides|Cannot apply)/,
  );
  const second = await buildFix(
    small.options({}, { inputs: { patches: more, pristine }, stacking }),
  );
  assert.equal(second.outcome, "built", JSON.stringify(second.refusals));
});

buildTest("buildFix() without them looks at another source", async (t) => {
  const small = makeSmallBuild(t, linkHypervisor({ [kernelFile]: running }));
  const stacking = { foundation: onHypervisor };
  await assert.rejects(
    buildFix(small.options({}, { inputs: { patches }, stacking })),
    /Cannot apply/,
  );
});
