// Hooks of the author, beside the code of the fix.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { readElf } from "../../elf/read.ts";
import { emptyFolder } from "../../files/files.test.support.ts";
import { readSources } from "../../payload/made-from/sources.ts";
import { parsePayload } from "../../payload/parse.ts";
import { smallXen } from "../../xen-make/small-xen.test.support.ts";
import {
  fixedKernel,
  kernel,
  kernelFile,
  linkHypervisor,
  makeSmallBuild,
} from "../build.test.support.ts";
import { buildFix } from "../build.ts";

// One cache for all, as users have one: only the first test prepares the source.
const small = makeSmallBuild({ after }, linkHypervisor());

const withHelper = {
  "xen/common/Makefile": `${smallXen["xen/common/Makefile"]}obj-y += helper.o\n`,
  "xen/common/helper.c": "int helper(void);\nint helper(void) { return 7; }\n",
  [kernelFile]: kernel
    .replace("int kernel", "int helper(void);\nint kernel")
    .replace("wide()", "wide() + helper()"),
};

buildTest("buildFix() adds hooks, which may call what a new file of the fix brings", async (t) => {
  const hooks = join(emptyFolder(t), "hooks.c");
  const code =
    "extern int helper(void);\nstatic void on_load(void) { helper(); }\nXSPLICE_HOOK_LOAD(on_load)\n";
  writeFileSync(hooks, code);
  const { payload } = await buildFix(small.options(withHelper, { inputs: { hooks: [hooks] } }));
  assert.ok(payload);
  const { functions, hooks: found } = parsePayload(payload.bytes, "fix");
  const texts = readSources(readElf(payload.bytes, "fix"))?.files ?? [];
  assert.deepEqual(
    texts.map(({ name, bytes = new Uint8Array() }) => [name, Buffer.from(bytes).toString()]),
    [["hooks.c", code]],
  );
  assert.deepEqual(
    functions.map(({ kind, name }) => (kind === "replace" ? name : kind)),
    ["guard", "guard", "guard", "guard", "kernel", "user", "nop"],
  );
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ["load"],
  );
  assert.deepEqual(
    payload.symbolMap
      .map(({ sourceName, kind }) => (kind === "marker" ? kind : `${kind} ${sourceName}`))
      .map((text) => text.replace(/\.xs[0-9a-f]{10}$/, ""))
      .sort(),
    [
      ...[
        "cover helper",
        "cover kernel",
        "cover user",
        "function helper",
        "hook hooks.c#on_load",
        "marker",
      ],
      ...["replacement kernel", "replacement user"],
    ],
  );
  const reasons = parsePayload(payload.bytes, "fix").reasons ?? [];
  assert.ok(reasons.some((one) => one.function === "kernel" && /helper/.test(one.text)));
});

buildTest("buildFix() takes a file without hooks for a mistake", async (t) => {
  const hooks = join(emptyFolder(t), "none.c");
  writeFileSync(hooks, "int nothing;\n");
  await assert.rejects(
    buildFix(small.options(fixedKernel, { inputs: { hooks: [hooks] } })),
    /it declares none/,
  );
});
