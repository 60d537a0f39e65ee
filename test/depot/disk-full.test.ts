// A disk that is full, at whatever moment: of the vendor's depot, and of the host's memory of what it trusts.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { AttackScene } from "./attack-scene.ts";
import { DepotUnderTest, errorOf } from "./depot-under-test.ts";
import { tally } from "./tally.ts";

const KIB = 1024;

/** A file system of its own, in which so much is free after `use` has put its files there. */
class SmallDisk implements Disposable {
  readonly folder: string;

  /** @returns `undefined` where nobody may mount one */
  static mount(folder: string, t: TestContext): SmallDisk | undefined {
    mkdirSync(folder);
    const words = ["-t", "tmpfs", "-o", "size=1m,mode=755", "none", folder];
    if (spawnSync("mount", words).status === 0) return new SmallDisk(folder);
    t.skip("mount(8) of a small tmpfs is not allowed here");
    return undefined;
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  leave(freeBytes: number): void {
    const filler = join(this.folder, "filler");
    rmSync(filler, { force: true });
    // The last block that fits.
    const { stdout } = spawnSync("stat", ["-f", "-c", "%a %S", this.folder], { encoding: "utf8" });
    const [blocks = 0, size = 0] = stdout.split(" ").map(Number);
    writeFileSync(filler, Buffer.alloc(blocks * size));
    truncateSync(filler, blocks * size - freeBytes);
  }

  [Symbol.dispose](): void {
    spawnSync("umount", [this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

test("publish on a disk that is full, at whatever moment, leaves what hosts believe, old or new", async (t) => {
  const own = new DepotUnderTest();
  try {
    using disk = SmallDisk.mount(join(own.folder, "small"), t);
    if (disk === undefined) return;
    await own.begin();
    await own.add(own.make("first", { functions: ["alpha"] }), "stable");
    await own.publish();
    const free = own.make("free", { mode: "independent", functions: ["delta"] });
    await own.add(free, "stable");
    const small = join(disk.folder, "depot");
    cpSync(own.depot, small, { recursive: true });
    await own.trust(small);
    const publish = ["depot", "publish", small, "--keys", own.keys, "--json"];
    let refusals = 0;
    for (let left = 0; ; left += 12 * KIB) {
      rmSync(small, { recursive: true });
      cpSync(own.depot, small, { recursive: true });
      disk.leave(left);
      const run = await own.try(publish);
      const seen = JSON.parse((await own.try(["status", "--json"])).stdout);
      assert.equal(seen.error, undefined, `${left}: ${run.stdout}`);
      assert.equal(seen.unasked, undefined);
      if (run.exitCode === 0) {
        assert.deepEqual(seen.missing, ["first", "free"]);
        break;
      }
      assert.match(errorOf(run).problem, /the disk is full/);
      assert.ok(["first", "first,free"].includes(String(seen.missing)), String(seen.missing));
      refusals += 1;
      tally({ attacks: 1, refused: 1 });
    }
    assert.ok(refusals > 1, "it was full at more than one moment");
  } finally {
    own.remove();
  }
});

test("update says that the disk is full on which it keeps its trust, and goes on when there is room", async (t) => {
  const scene = await AttackScene.begin();
  const { own } = scene;
  try {
    using disk = SmallDisk.mount(join(own.folder, "small"), t);
    if (disk === undefined) return;
    cpSync(own.state, disk.folder, { recursive: true });
    disk.leave(0);
    const env = { XDG_STATE_HOME: disk.folder };
    const run = await own.try(["update", "--json"], { env });
    assert.match(errorOf(run).problem, /the disk is full/);
    assert.deepEqual(own.applied, ["first"]);
    disk.leave(200 * KIB);
    assert.equal((await own.try(["update"], { env })).exitCode, 0);
    assert.deepEqual(own.applied, ["first", "free"]);
    tally({ attacks: 1, refused: 1 });
  } finally {
    await scene.end();
  }
});
