// kill -9 at each step of publishing, and of asking: what hosts see is what was there before or what shall be,
// and the same command again comes to its end.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { AttackScene } from "./attack-scene.ts";
import { DepotUnderTest } from "./depot-under-test.ts";
import { tally } from "./tally.ts";

const child = fileURLToPath(new URL("killed-child.js", import.meta.url));

function run(...args: readonly string[]) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [child, ...args]);
  return { status, signal, steps: Number(stdout.toString()), stderr: stderr.toString() };
}

test("publish can be killed at each step: hosts believe what they see, old or new, keys exchanged or not", async () => {
  const own = new DepotUnderTest();
  const work = mkdtempSync(join(tmpdir(), "xsplice-killed-"));
  try {
    await own.begin();
    await own.add(own.make("first", { functions: ["alpha"] }), "stable");
    await own.publish();
    await own.trust();
    const free = own.make("free", { mode: "independent", functions: ["delta"] });
    await own.add(free, "stable");
    await own.run("depot", "rotate", own.depot, "timestamp", "--keys", own.keys);
    await own.run("depot", "rotate", own.depot, "snapshot", "--keys", own.keys);
    const [draft, trust] = [join(work, "draft"), join(own.state, "xsplice/trust")];
    cpSync(own.depot, draft, { recursive: true });
    for (let step = 1; ; step++) {
      rmSync(own.depot, { recursive: true });
      cpSync(draft, own.depot, { recursive: true });
      const killed = run("publish", own.depot, own.keys, String(step));
      if (killed.signal === null) {
        assert.equal(killed.status, 0, killed.stderr);
        assert.equal(killed.steps, step - 1);
        assert.ok(step > 6, "several files were written");
        break;
      }
      assert.equal(killed.signal, "SIGKILL", killed.stderr);
      const kept = join(work, "trust");
      cpSync(trust, kept, { recursive: true });
      const seen = await own.try(["status", "--json"]);
      const { missing, error } = JSON.parse(seen.stdout);
      assert.equal(error, undefined, `step ${step}: ${seen.stdout}`);
      assert.ok(["first", "first,free"].includes(String(missing)), `step ${step}: ${missing}`);
      await own.publish();
      const after = JSON.parse((await own.try(["status", "--json"])).stdout);
      assert.deepEqual(after.missing, ["first", "free"], `step ${step}`);
      rmSync(trust, { recursive: true });
      cpSync(kept, trust, { recursive: true });
      rmSync(kept, { recursive: true });
      tally({ attacks: 1, refused: 1 });
    }
  } finally {
    own.remove();
    rmSync(work, { recursive: true, force: true });
  }
});

test("update can be killed at each step of asking, and the next one goes on", async () => {
  const scene = await AttackScene.begin();
  const { own, mirror } = scene;
  const kept = join(own.folder, "kept");
  const trust = join(own.state, "xsplice/trust");
  try {
    cpSync(trust, kept, { recursive: true });
    // All of them in npm run test:depot.
    const stride = process.env["XSPLICE_DEPOT_TALLY"] === undefined ? 4 : 1;
    for (let step = 1; ; step += stride) {
      rmSync(trust, { recursive: true });
      cpSync(kept, trust, { recursive: true });
      // Not by the mirror, which this process serves: it waits for the child.
      const killed = run("ask", trust, own.depot, String(step));
      if (killed.signal === null) {
        assert.equal(killed.status, 0, killed.stderr);
        assert.ok(step > 8, "files were read and kept");
        break;
      }
      assert.equal(killed.signal, "SIGKILL", killed.stderr);
      const dry = await own.run("update", "--dry-run", "--json");
      assert.deepEqual(JSON.parse(dry.stdout).plan.stack, ["first", "free"], `step ${step}`);
      tally({ attacks: 1, refused: 1 });
    }
    assert.deepEqual(own.applied, ["first"]);
    assert.ok(mirror.asked.length > 0);
  } finally {
    await scene.end();
  }
});
