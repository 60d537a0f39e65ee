// A fix that needs a flag in a structure that exists already, struct grant_table: at its end it is refused,
// and the refusal names a hole; there it is built with one permission, and in dom0's table, which is older than
// the payload, the flag reads as 0 and keeps what the new code sets.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BuiltFix } from "../../src/builder/built-fix.ts";
import type { PayloadMode } from "../../src/payload/metadata-keys.ts";
import { whyNoCorpusSource } from "./build-corpus-source.ts";
import { act } from "./compile-bench.ts";
import { useCorpusBench, warnOfGrants } from "./corpus-bench.ts";
import { buildCorpusFix } from "./corpus-fix.ts";
import { call } from "./host-under-test.ts";

const user = `@@ -3899,4 +3900,8 @@
 
 #define WARN_GRANT_MAX 10
 
+    printk("flag was %d\\n", gt->warned);
+    if ( d->domain_id == 0 )
+        gt->warned++;
+
     grant_read_lock(gt);
`;
const atEnd = `--- a/xen/common/grant_table.c
+++ b/xen/common/grant_table.c
@@ -100,3 +100,4 @@
     /* Domain to which this struct grant_table belongs. */
     struct domain *domain;
+    uint8_t warned;
 };
${user}`;
const inHole = `--- a/xen/common/grant_table.c
+++ b/xen/common/grant_table.c
@@ -80,3 +80,4 @@
      */
     unsigned int          maptrack_limit;
+    uint8_t               warned;
     /* Shared grant table (see include/public/grant_table.h). */
${user}`;

describe("buildFix() and holes of structures", { skip: await whyNoCorpusSource() }, () => {
  const opened = useCorpusBench();

  const build = (
    patch: string,
    layouts: readonly string[] = [],
    mode: PayloadMode = "stack",
  ): Promise<BuiltFix> =>
    buildCorpusFix(opened().source, {
      patches: [{ name: "flag.patch", bytes: Buffer.from(patch) }],
      layouts,
      mode,
    });

  test("buildFix() names the hole of a running structure that has room for a new member", async () => {
    const { refusals } = await build(atEnd);
    assert.deepEqual(
      refusals.map(({ rule }) => rule),
      ["layout"],
    );
    assert.match(
      refusals[0]?.reasons.join("\n") ?? "",
      /declared behind "maptrack_limit" it lies at \d+, and nothing moves/,
    );
  });

  test("buildFix() makes a flag in a hole that reads as 0, and is kept", async () => {
    const { bench } = opened();
    const refused = await build(inHole);
    assert.deepEqual(
      refused.refusals.map(({ rule }) => rule),
      ["layout"],
    );
    assert.match(
      refused.refusals[0]?.reasons.join("\n") ?? "",
      /hold zero there, as far as allocations were found: "grant_table_init"/,
    );
    const fix = await build(inHole, ["grant_table"]);
    assert.deepEqual(fix.refusals, []);
    assert.ok(fix.payload);
    assert.match(
      fix.warnings,
      /warning: struct grant_table: nothing moves.*hold zero there.*stays there when it/,
    );
    await bench.host.upload("flag", fix.payload.bytes, call);
    await act(bench, "flag", "apply");
    const ask = async () => /flag was (\d+)/.exec(await warnOfGrants(bench))?.[1];
    assert.deepEqual([await ask(), await ask()], ["0", "1"]);
    await act(bench, "flag", "revert", "apply");
    assert.equal(await ask(), "2");
    await act(bench, "flag", "revert", "unload");
  });

  test("buildFix() makes independent payloads of which Xen loads no two with a flag in one hole", async () => {
    const { bench } = opened();
    const [one, other] = await Promise.all(
      [inHole, inHole.replace("flag was", "my flag was")].map((patch) =>
        build(patch, ["grant_table"], "independent"),
      ),
    );
    assert.ok(one?.payload && other?.payload);
    await bench.host.upload("one", one.payload.bytes, call);
    await assert.rejects(
      bench.host.upload("other", other.payload.bytes, call),
      /symbol "xsplice\.holds\.byte-\d+-of-struct-grant_table" exists already/,
    );
    await act(bench, "one", "unload");
    await bench.host.upload("other", other.payload.bytes, call);
    await act(bench, "other", "unload");
  });
});
