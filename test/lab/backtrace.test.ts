// What Xen prints of the code of a payload when something goes wrong in it: the function, by its name, with
// the offset into it and its size. The fix lets a key's handler, which is static, warn.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { pressKey } from "../corpus/probes.ts";
import { whyNoCorpusSource } from "./build-corpus-source.ts";
import { act } from "./compile-bench.ts";
import { useCorpusBench } from "./corpus-bench.ts";
import { buildCorpusFix } from "./corpus-fix.ts";
import { call } from "./host-under-test.ts";

const patch = `--- a/xen/common/keyhandler.c
+++ b/xen/common/keyhandler.c
@@ -131,3 +131,4 @@
 
     printk("'%c' pressed -> showing installed handlers\\n", key);
+    WARN();
     for ( i = 0; i < ARRAY_SIZE(key_table); i++ )
`;

describe("Xen's backtraces of a payload", { skip: await whyNoCorpusSource() }, () => {
  const opened = useCorpusBench();

  test("buildFix() makes functions that Xen names with their offset and size", async () => {
    const { source, bench } = opened();
    const { payload, refusals } = await buildCorpusFix(source, {
      patches: [{ name: "warn.patch", bytes: Buffer.from(patch) }],
    });
    assert.deepEqual(refusals, []);
    assert.ok(payload);
    await bench.host.upload("warns", payload.bytes, call);
    await act(bench, "warns", "apply");
    const xen = { client: bench.client, transport: new ProxyTransport(bench.lab.agent) };
    const text = await pressKey("h")(xen);
    await act(bench, "warns", "revert", "unload");
    const { newSizeBytes = 0 } = payload.functions[0] ?? {};
    const name = `show_handlers\\.xs[0-9a-f]{10}\\+0x[0-9a-f]+/0x${newSizeBytes.toString(16)} \\[warns\\]`;
    assert.match(text, /Xen WARN at .*keyhandler\.c/);
    assert.match(text, new RegExp(`RIP: .*${name}`));
    assert.match(text, new RegExp(`Xen call trace:[^]*${name}`));
  });
});
