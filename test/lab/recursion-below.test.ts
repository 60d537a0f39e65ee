// A second fix of a static function that calls itself: in the payload below, that call leads to the hypervisor's
// entry. Both are built from Xen's own source, and applied on top of each other.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoCorpusSource } from "./build-corpus-source.ts";
import { act } from "./compile-bench.ts";
import { useCorpusBench } from "./corpus-bench.ts";
import { buildCorpusFix } from "./corpus-fix.ts";
import { call } from "./host-under-test.ts";

const first = `--- a/xen/common/radix-tree.c
+++ b/xen/common/radix-tree.c
@@ -688,2 +688,4 @@
 			continue;
+		if (node->height > 100)
+			printk("tree %u\\n", node->height);
 		if (node->height == 1) {
`;
const second = `--- a/xen/common/radix-tree.c
+++ b/xen/common/radix-tree.c
@@ -688,3 +688,3 @@
 			continue;
-		if (node->height > 100)
+		if (node->height > 200)
 			printk("tree %u\\n", node->height);
`;

describe("A payload on top of a recursive function", { skip: await whyNoCorpusSource() }, () => {
  const opened = useCorpusBench();

  test("buildFix() builds on a payload that replaces a static function which calls itself", async () => {
    const { source, bench } = opened();
    const below: Uint8Array[] = [];
    for (const patch of [first, second]) {
      const patches = [{ name: "fix.patch", bytes: Buffer.from(patch) }];
      const { payload, refusals } = await buildCorpusFix(source, { patches, below });
      assert.deepEqual(refusals, []);
      assert.ok(payload);
      assert.deepEqual(
        payload.functions.map(({ name }) => name),
        ["common/radix-tree.c#radix_tree_node_destroy"],
      );
      below.push(payload.bytes);
      await bench.host.upload(`fix${below.length}`, payload.bytes, call);
      await act(bench, `fix${below.length}`, "apply");
    }
    for (const name of ["fix2", "fix1"]) await act(bench, name, "revert", "unload");
  });
});
