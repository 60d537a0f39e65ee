import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../test/why-no-build.ts";
import { makeSmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";

buildTest("findSymbolUsers() tells of every object what it takes from others, once", async (t) => {
  const xen = makeSmallXen(t);
  const start = "int kernel(void);\nint start(void) { return kernel(); }\n";
  writeFileSync(join(xen.source, "xen/common/start.c"), start);
  const kernel = (smallXen["xen/common/kernel.c"] ?? "").replace("wide()", "wide() + 4");
  const said: string[] = [];
  const run = { onProgress: say };
  const request = xen.request({ "xen/common/kernel.c": kernel }, { run });
  function say(text: string): void {
    if (/all objects/.test(text)) said.push(text);
  }
  const users = await (await preparePairs(request)).findSymbolUsers();
  assert.deepEqual(Object.keys(users).sort(), [
    "arch/x86/xen.lds.S",
    "common/entry.o",
    "common/kernel.o",
    "common/start.init.o",
    "common/user.o",
  ]);
  assert.deepEqual(users["arch/x86/xen.lds.S"], ["SECTIONS"]);
  assert.deepEqual([users["common/start.init.o"], users["common/entry.o"]], [["kernel"], []]);
  assert.deepEqual(await (await preparePairs(request)).findSymbolUsers(), users);
  assert.equal(said.length, 1);
});
