// Fetching against the mirror of mirror.test.support.ts: what lies in the cache afterwards.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { leaveAbandoned } from "../files/files.test.support.ts";
import { fetchParts } from "./fetch.ts";
import { emptyCache, failure, forgery, planBusybox } from "./mirror.test.support.ts";
import { inspectParts, requirePart } from "./parts.ts";

test("fetchParts() brings what planParts() named, only the members that the part wants", async () => {
  const cache = emptyCache();
  const plan = await planBusybox(cache);
  assert.deepEqual(
    plan.toFetch.map(({ definition, files }) => [definition.id, files.map(({ name }) => name)]),
    [["busybox", ["busybox-static"]]],
  );
  const progress: number[] = [];
  await fetchParts(plan, {
    onProgress: (event) => event.kind === "bytes" && progress.push(event.done),
  });
  assert.equal(progress.at(-1), plan.downloadBytes);
  const state = requirePart("busybox", { cache });
  assert.equal(state.kind, "cached");
  assert.ok(state.kind === "cached");
  assert.equal(readFileSync(join(state.root, "bin/busybox"), "utf8"), "applets");
  assert.ok(!existsSync(join(state.root, "usr/share/doc")));
});

test("fetchParts() leaves the cache as it was when the download fails", async () => {
  const cache = emptyCache();
  const plan = await planBusybox(cache);
  writeFileSync(failure, "E: Connection reset");
  await assert.rejects(fetchParts(plan), /Cannot download packages of Debian bookworm/);
  assert.deepEqual(readdirSync(join(cache, "parts")), []);
  assert.equal(inspectParts(["busybox"], { cache })[0]?.state.kind, "missing");
});

test("fetchParts() takes no package but the one that the lists name", async () => {
  const cache = emptyCache();
  const plan = await planBusybox(cache);
  writeFileSync(forgery, "");
  await assert.rejects(fetchParts(plan), /it is not the file that the signed lists name/);
  assert.deepEqual(readdirSync(join(cache, "parts")), []);
});

test("fetchParts() removes what a killed fetch left, and fetches anew", async () => {
  const cache = emptyCache();
  leaveAbandoned(join(cache, "parts"), ".unfinished-killed");
  mkdirSync(join(cache, "parts/busybox/root"), { recursive: true }); // Without a manifest.
  await fetchParts(await planBusybox(cache));
  assert.deepEqual(readdirSync(join(cache, "parts")), ["busybox"]);
  assert.equal(requirePart("busybox", { cache }).kind, "cached");
});
