// A depot in one file, and what metrics say of a depot without asking it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DepotUnderTest, errorOf } from "./depot-under-test.ts";

const own = new DepotUnderTest();
const archive = join(own.folder, "depot.tar");
const served = join(own.folder, "served");

before(async () => {
  await own.begin();
  const first = own.make("first", { functions: ["alpha"] });
  await own.add(first, "stable", "--fix", "XSA-1 CVE-2026-0001 alpha", "--evidence", own.symbols);
  await own.publish();
});
after(() => own.remove());

test("depot export gives one file, the same for the same depot, and import what hosts can follow", async () => {
  await own.run("depot", "export", own.depot, archive);
  const bytes = readFileSync(archive);
  await own.run("depot", "export", own.depot, archive);
  assert.deepEqual(readFileSync(archive), bytes);
  assert.ok(!bytes.includes("draft/"));
  await own.run("depot", "import", archive, served);
  await own.trust(served);
  await own.run("update");
  assert.deepEqual(own.applied, ["first"]);
  await own.add(
    own.make("free", { mode: "independent", functions: ["delta"] }),
    "stable",
    "--fix",
    "XSA-2",
  );
  await own.publish();
  await own.run("depot", "export", own.depot, archive);
  await own.run("depot", "import", archive, served);
  await own.run("update");
  assert.deepEqual(own.applied, ["first", "free"]);
});

test("depot import refuses what is cut off or damaged, and names that lead elsewhere, and writes nothing", async () => {
  const bytes = readFileSync(archive);
  const to = join(own.folder, "nowhere");
  const text = bytes.toString("latin1");
  const at = text.indexOf("path=metadata/");
  const renamed = Buffer.from(bytes);
  renamed.write("path=../../etc/x", at);
  const bad = [
    bytes.subarray(0, bytes.length / 2),
    bytes.subarray(0, 700),
    Buffer.from("no archive"),
    renamed,
    Buffer.concat([bytes.subarray(0, 20), Buffer.from("x"), bytes.subarray(21)]),
  ];
  for (const content of bad) {
    writeFileSync(join(own.folder, "bad.tar"), content);
    const run = await own.try(["depot", "import", join(own.folder, "bad.tar"), to, "--json"]);
    assert.equal(errorOf(run).code, "depot/damaged");
  }
  await assert.rejects(async () => readFileSync(join(to, "metadata/timestamp.json")));
});

test("metrics tells each fix, the age of the depot's word, and how the last update ended", async () => {
  const { stdout } = await own.run("metrics");
  assert.match(stdout, /xsplice_fix_state\{advisory="XSA-1",state="in-force"\} 1\n/);
  assert.match(stdout, /xsplice_fix_state\{advisory="XSA-2",state="missing"\} 0\n/);
  assert.match(stdout, /xsplice_depot_expiry_timestamp_seconds\{channel="stable"\} \d+\n/);
  assert.match(stdout, /xsplice_depot_signed_timestamp_seconds\{channel="stable"\} \d+\n/);
  assert.match(stdout, /xsplice_last_update_result\{result="done"\} 1\n/);
  const untrusted = await own.try(["metrics"], {
    env: { XDG_STATE_HOME: join(own.folder, "none") },
  });
  assert.doesNotMatch(untrusted.stdout, /xsplice_depot_/);
});
