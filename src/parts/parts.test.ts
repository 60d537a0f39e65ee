// What is in the cache, or on the machine, and counts as a part.

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fetchParts } from "./fetch.ts";
import { bin, emptyCache, makeProgram, planBusybox, world } from "./mirror.test.support.ts";
import { inspectParts, requirePart } from "./parts.ts";

test("requirePart() takes a part with a damaged manifest for missing", async () => {
  const cache = emptyCache();
  await fetchParts(await planBusybox(cache));
  const manifest = join(cache, "parts/busybox/part.json");
  const whole = readFileSync(manifest, "utf8");
  for (const text of ["", whole.slice(0, -20), '{"format":1}', whole.replace("[", "null,[")]) {
    writeFileSync(manifest, text);
    assert.equal(inspectParts(["busybox"], { cache })[0]?.state.kind, "missing", text);
  }
  await fetchParts(await planBusybox(cache));
  assert.equal(requirePart("busybox", { cache }).kind, "cached");
});

test("requirePart() says of a part that was not fetched what to do", () => {
  assert.throws(() => requirePart("busybox", { cache: emptyCache() }), /it has not been fetched/);
});

test("inspectParts() takes a program of the machine's own where a part allows it", () => {
  const program = makeProgram("mksquashfs");
  const environment = { PATH: bin, HOME: world };
  const [part] = inspectParts(["squashfs-tools"], { environment });
  assert.deepEqual(part?.state, { kind: "provided", program });
  rmSync(program);
  assert.equal(inspectParts(["squashfs-tools"], { environment })[0]?.state.kind, "missing");
});
