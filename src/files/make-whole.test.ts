// What may be in the way of makeWhole(): a disk that fails, others' left-overs, an overlay.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import fs, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join, relative } from "node:path";
import { type TestContext, test } from "node:test";
import { emptyFolder, leaveAbandoned } from "./files.test.support.ts";
import { makeWhole } from "./make-whole.ts";

async function makeTree(unfinished: string): Promise<void> {
  mkdirSync(join(unfinished, "deep"), { recursive: true });
  for (const name of ["one", "deep/two"]) writeFileSync(join(unfinished, name), "");
  symlinkSync("one", join(unfinished, "link"));
}

/** Calls `onSync` before each file or folder that is opened here is brought to the disk. */
function watchSyncs(t: TestContext, onSync: (path: string) => void): void {
  const { open } = fs;
  t.mock.method(fs, "open", async (path: string, flags: string): Promise<FileHandle> => {
    const file = await open(path, flags);
    const sync = file.sync.bind(file);
    file.sync = (): Promise<void> => {
      onSync(path);
      return sync();
    };
    return file;
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

test("makeWhole() has all that was made on the disk before it gets its name, and nothing else", async (t) => {
  const path = join(emptyFolder(t), "thing");
  const synced: string[] = [];
  watchSyncs(t, (file) => {
    assert.ok(!existsSync(path));
    synced.push(relative(file.slice(0, file.indexOf("/made")), file));
  });
  await makeWhole(path, makeTree);
  assert.deepEqual(synced.sort(), ["made", "made/deep", "made/deep/two", "made/one"]);
  assert.deepEqual(readdirSync(path).sort(), ["deep", "link", "one"]);
});

test("makeWhole() leaves what was there when the disk fails, and tells it as the system does", async (t) => {
  const parent = emptyFolder(t);
  const path = join(parent, "thing");
  await makeWhole(path, async (unfinished) => writeFileSync(unfinished, "old"));
  watchSyncs(t, () => {
    throw Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO", syscall: "fsync" });
  });
  await assert.rejects(makeWhole(path, makeTree), { code: "EIO", syscall: "fsync" });
  assert.deepEqual(readdirSync(parent), ["thing"]);
  assert.equal(readFileSync(path, "utf8"), "old");
});

test("makeWhole() leaves what another user left unfinished, and makes what it is to make", {
  skip: process.getuid?.() !== 0 && "only root can be two users",
}, async (t) => {
  const parent = emptyFolder(t);
  chmodSync(join(leaveAbandoned(parent, ".unfinished-of-root"), "claim.lock"), 0o600);
  chmodSync(parent, 0o777);
  process.seteuid?.(65534);
  try {
    await makeWhole(join(parent, "thing"), makeTree);
  } finally {
    process.seteuid?.(0);
  }
  assert.deepEqual(readdirSync(parent).sort(), [".unfinished-of-root", "thing"]);
});

/** In the second one, `thing` lies in the image of a container, and cannot be renamed. */
const OVERLAY = `cd "$1" && mkdir layers && mount -t tmpfs none layers && cd layers &&
  mkdir -p lower/thing upper work whole && echo old >lower/thing/damaged &&
  mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work whole`;

function inOverlay(folder: string, then: string, ...words: readonly string[]) {
  const script = `${OVERLAY} && ${then}`;
  const args = ["--mount", "sh", "-c", script, "sh", folder, ...words];
  return spawnSync("unshare", args, { encoding: "utf8" });
}

test("makeWhole() replaces a damaged folder that an overlay does not let it rename", (t) => {
  const folder = emptyFolder(t);
  if (inOverlay(emptyFolder(t), "true").status !== 0) {
    t.skip("this user may not mount an overlay, which takes root");
    return;
  }
  const script = `import { makeWhole } from ${JSON.stringify(new URL("./make-whole.js", import.meta.url).href)};
    import { mkdirSync, readdirSync } from "node:fs";
    await makeWhole("whole/thing", async (unfinished) => mkdirSync(unfinished + "/new", { recursive: true }));
    console.log(readdirSync("whole").join(), readdirSync("whole/thing").join());`;
  const words = [process.execPath, "--input-type=module", "-e", script];
  const { stdout, stderr } = inOverlay(folder, 'shift && "$@"', ...words);
  assert.equal(stdout, "thing new\n", stderr);
});

const makes: readonly (readonly [string, (place: string) => void])[] = [
  ["a file", (place) => writeFileSync(place, "new")],
  ["a directory", (place) => mkdirSync(place)],
];
for (const [made, make] of makes) {
  const inTheWay = {
    "a file": (place: string) => writeFileSync(place, "old"),
    "a directory with something in it": (place: string) =>
      mkdirSync(join(place, "x"), { recursive: true }),
    "a link to nowhere": (place: string) => symlinkSync("nowhere", place),
    "a link to itself": (place: string) => symlinkSync(place, place),
  };
  for (const [what, putInTheWay] of Object.entries(inTheWay)) {
    test(`makeWhole() replaces ${what} by ${made}`, async (t) => {
      const path = join(emptyFolder(t), "thing");
      putInTheWay(path);
      await makeWhole(path, async (unfinished) => make(unfinished));
      assert.equal(lstatSync(path).isDirectory(), made === "a directory");
      assert.deepEqual(readdirSync(join(path, "..")), ["thing"]);
    });
  }
}
