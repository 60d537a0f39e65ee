// Hooks in a file that is compiled into two objects: user.c of the small Xen includes kernel.c, as Xen's
// common/compat/kernel.c does.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { parsePayload } from "../../payload/parse.ts";
import type { HookKind } from "../../xen-abi/hooks.ts";
import { fixedKernel, kernel, kernelFile, makeBuildOf, patchFrom } from "../build.test.support.ts";
import { buildFix } from "../build.ts";

const small = makeBuildOf({ after }, {});

function hook(kind: HookKind, name: string): string {
  const pointer = `void *const livepatch_${kind}_data_${name}`;
  const place = `weak, used, section(".livepatch.hooks.${kind}")`;
  return `static void ${name}(void) { static int n; n++; }\n${pointer} __attribute__((${place})) = ${name};\n`;
}

function build(more: string, files: Readonly<Record<string, string>> = {}) {
  const fixed = patchFrom(kernelFile, kernel, `${fixedKernel[kernelFile]}${more}`);
  const others = Object.entries(files).map(([path, text]) =>
    patchFrom(path, "", text, "more.patch"),
  );
  return buildFix(small.options({}, { inputs: { patches: [fixed, ...others] } }));
}

buildTest("buildFix() warns of a hook that runs once for each object of its file", async () => {
  const { payload, refusals, warnings } = await build(hook("load", "setup"));
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  assert.equal(parsePayload(payload.bytes, "fix").hooks.length, 2);
  assert.match(
    warnings,
    /^warning: load hook "setup" runs 2 times: its file is compiled into common\/kernel\.o, common\/user\.o; .*--hooks.*\n/m,
  );
});

buildTest("buildFix() refuses such a hook of a kind of which a payload can have one", async () => {
  const { payload, refusals } = await build(hook("preapply", "ready"));
  assert.equal(payload, undefined);
  assert.deepEqual(
    refusals.map(({ rule, what, where }) => [rule, what, where]),
    [["repeated-hook", 'hook "preapply"', "common/kernel.o, common/user.o"]],
  );
  assert.match(refusals[0]?.reasons[0] ?? "", /"ready" is compiled into 2 objects/);
});

buildTest("buildFix() says nothing of a hook that one of the objects leaves out", async () => {
  const once = `#ifndef kernel\n${hook("preapply", "ready")}#endif\n`;
  const { refusals, warnings } = await build(once);
  assert.deepEqual(refusals, []);
  assert.doesNotMatch(warnings, /hook/);
});
