// A fix that needs a flag in a structure that exists already, struct grant_table: at its end it is refused,
// and the refusal names a hole; there it is built with one permission, and in dom0's table, which is older than
// the payload, the flag reads as 0 and keeps what the new code sets.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { BuiltFix } from "../../src/builder/built-fix.ts";
import { type CorpusSource, fetchCorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";
import { act, type Bench, compile, openBench } from "./compile-bench.ts";
import { buildCorpusFix } from "./corpus-fix.ts";
import { actOptions, call } from "./host-under-test.ts";

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
  let source: CorpusSource;
  let bench: Bench;
  before(async () => {
    source = await fetchCorpusSource();
    bench = await openBench("4.17");
  });
  after(() => bench?.close());

  const build = (patch: string, layouts: readonly string[] = []): Promise<BuiltFix> =>
    buildCorpusFix(source, {
      patches: [{ name: "flag.patch", bytes: Buffer.from(patch) }],
      layouts,
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
    const ask = await openQuestion(bench);
    assert.deepEqual([await ask(), await ask()], ["0", "1"]);
    await act(bench, "flag", "revert", "apply");
    assert.equal(await ask(), "2");
    await act(bench, "flag", "revert", "unload");
  });
});

/** What the new code prints of dom0's table, called by a hook. */
async function openQuestion(bench: Bench): Promise<() => Promise<string | undefined>> {
  const trigger = await compile(
    bench,
    `extern void *hardware_domain;
     void grant_table_warn_active_grants(void *d);
     static void go(void) { grant_table_warn_active_grants(hardware_domain); }
     XSPLICE_HOOK_LOAD(go)`,
  );
  return async () => {
    const { end } = await bench.client.readConsole();
    await bench.host.upload("trigger", trigger.bytes, call);
    // It lies on nothing, and what is applied is no matter to it.
    const options = { ...actOptions, dependencyCheck: "hypervisor-only" } as const;
    assert.equal((await bench.host.act("apply", "trigger", options)).result, "done");
    await act(bench, "trigger", "revert", "unload");
    const { text } = await bench.client.readConsole(end);
    return /flag was (\d+)/.exec(text)?.[1];
  };
}
