// Planning against the mirror of mirror.test.support.ts: what it is asked, and what is to be fetched.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fetchParts } from "./fetch.ts";
import { withLock } from "./lock.ts";
import {
  bin,
  emptyCache,
  failure,
  log,
  makeProgram,
  planBusybox,
  putKeyring,
  silence,
} from "./mirror.test.support.ts";
import { planParts } from "./plan.ts";

test("planParts() stops apt-get when it is told to", async () => {
  const cache = emptyCache();
  writeFileSync(silence, "");
  const stop = new AbortController();
  const planning = planParts(["busybox"], { cache, signal: stop.signal });
  while (!existsSync(log)) await new Promise((done) => setTimeout(done, 10));
  stop.abort(new Error("enough"));
  await assert.rejects(planning, /^Error: enough$/);
  // The lock is free again.
  await withLock(cache, "apt", async () => undefined);
});

test("planParts() refuses a cache folder in which nothing can be made", async () => {
  const cache = "/proc/1/cache/xsplice";
  await assert.rejects(planParts(["busybox"], { cache }), {
    message:
      /Cannot write to the cache "\/proc\/1\/cache\/xsplice": the system creates no directory there\n +remedy: +set XDG/,
  });
});

test("planParts() asks no mirror when everything is there", async () => {
  const cache = emptyCache();
  await fetchParts(await planBusybox(cache));
  rmSync(log);
  const plan = await planBusybox(cache);
  assert.deepEqual([plan.toFetch.length, plan.downloadBytes], [0, 0]);
  await fetchParts(plan);
  assert.ok(!existsSync(log));
});

for (const damage of ["cut short", "missing"]) {
  test(`planParts() fetches lists of packages again that are ${damage}`, async () => {
    const cache = emptyCache();
    await planBusybox(cache);
    const list = join(cache, "apt/bookworm/lists/Packages");
    if (damage === "missing") rmSync(list);
    else truncateSync(list);
    rmSync(log);
    const plan = await planBusybox(cache);
    assert.deepEqual([plan.toFetch.length, plan.unavailable], [1, []]);
    assert.match(readFileSync(log, "utf8"), /^ update$/m);
    rmSync(log);
    await planBusybox(cache);
    assert.doesNotMatch(readFileSync(log, "utf8"), /^ update$/m);
  });
}

test("planParts() reports a suite that has left the mirror, and goes on with the others", async () => {
  const cache = emptyCache();
  mkdirSync(cache);
  const plan = await planBusybox(cache).then(async () => {
    writeFileSync(failure, "E: The repository does not have a Release file. 404");
    rmSync(join(cache, "apt"), { recursive: true });
    return await planParts(["busybox"], {
      cache,
      environment: { ...process.env, XSPLICE_DEBIAN_MIRROR: "http://mirror.example/debian/" },
    });
  });
  assert.deepEqual(plan.toFetch, []);
  const [unavailable] = plan.unavailable;
  assert.equal(unavailable?.reason.report.code, "parts/suite-gone");
  assert.match(unavailable?.reason.report.problem ?? "", /not on the mirror/);
  assert.match(unavailable?.reason.report.remedy ?? "", /XSPLICE_DEBIAN_MIRROR/);
});

test("planParts() fetches what unpacks a source before it, where the machine cannot", async () => {
  const plan = async (PATH: string) => {
    const cache = emptyCache();
    putKeyring(cache);
    const environment = { ...process.env, PATH };
    const { toFetch } = await planParts(["xen-source-4.17"], { cache, environment });
    return toFetch.map(({ definition }) => definition.id);
  };
  for (const name of ["xz", "patch"]) makeProgram(name);
  assert.deepEqual(await plan(bin), ["xen-source-4.17"]);
  rmSync(join(bin, "xz"));
  assert.deepEqual(await plan(bin), ["source-unpackers", "xen-source-4.17"]);
  rmSync(join(bin, "patch"));
});
