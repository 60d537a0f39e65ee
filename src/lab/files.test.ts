import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeCpio } from "./cpio.ts";
import { digestOf } from "./digest.ts";
import { modulesInOrder } from "./kernel-modules.ts";
import { madeOnce } from "./made-once.ts";
import { withOwnLibraries } from "./own-libraries.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-lab-files-"));
after(() => rmSync(world, { recursive: true, force: true }));

test("writeCpio() writes entries as the kernel's documentation of newc has them", () => {
  const text = writeCpio([
    { kind: "folder", path: "bin", mode: 0o755 },
    { kind: "file", path: "bin/a", mode: 0o644, bytes: Buffer.from("hello") },
    { kind: "link", path: "l", target: "bin/a" },
    { kind: "character-device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
  ]).toString("latin1");
  const headers = [...text.matchAll(/070701([0-9a-f]{104})([^\0]+)\0/g)].map(
    ([, fields = "", name]) => {
      const numbers = fields.match(/.{8}/g)?.map((field) => Number.parseInt(field, 16)) ?? [];
      return [name, numbers[1]?.toString(8), numbers[6], numbers[9], numbers[10], numbers[11]];
    },
  );
  assert.deepEqual(headers, [
    ["bin", "40755", 0, 0, 0, 4],
    ["bin/a", "100644", 5, 0, 0, 6],
    ["l", "120777", 5, 0, 0, 2],
    ["dev/console", "20600", 0, 5, 1, 12],
    ["TRAILER!!!", "0", 0, 0, 0, 11],
  ]);
  assert.ok([...text.matchAll(/070701/g)].every(({ index }) => index % 4 === 0));
  assert.equal(text.indexOf("hello") % 4, 0);
});

test("digestOf() tells apart lists that only differ in where one input ends", () => {
  assert.notEqual(digestOf("ab", "c"), digestOf("a", "bc"));
  assert.equal(digestOf("ab", 1), digestOf("ab", "1"));
});

function moduleWith(depends: string): Buffer {
  return Buffer.from(`\x7fELF junk\0license=GPL\0depends=${depends}\0retpoline=Y\0`, "latin1");
}

test("modulesInOrder() puts every module behind what it needs, once", () => {
  const folder = join(world, "modules");
  mkdirSync(join(folder, "drivers"), { recursive: true });
  const modules = {
    virtio_ring: "",
    virtio: "virtio_ring",
    "virtio-pci": "virtio,virtio-ring",
    broken: "absent",
  };
  for (const [name, depends] of Object.entries(modules)) {
    writeFileSync(join(folder, "drivers", `${name}.ko`), moduleWith(depends));
  }
  writeFileSync(join(folder, "silent.ko"), "no word of what it needs");
  const names = modulesInOrder(folder, ["virtio_pci", "virtio", "built_in", "silent"]).map(
    ({ name }) => name,
  );
  assert.deepEqual(names, ["virtio_ring", "virtio", "virtio_pci", "silent"]);
  assert.throws(() => modulesInOrder(folder, ["broken"]), /it needs "absent"/);
});

test("madeOnce() makes a file once, for all who need it at the same time", async () => {
  const cache = join(world, "cache");
  let times = 0;
  const make = async (path: string): Promise<void> => {
    times++;
    writeFileSync(path, "made");
  };
  const paths = await Promise.all([1, 2, 3].map(() => madeOnce(cache, "things/a", make)));
  assert.deepEqual(new Set(paths), new Set([join(cache, "things/a")]));
  assert.equal(times, 1);
});

test("madeOnce() leaves nothing of what could not be made", async () => {
  const cache = join(world, "cache-of-failures");
  const make = async (path: string): Promise<void> => {
    writeFileSync(path, "half");
    throw new Error("disk full");
  };
  await assert.rejects(madeOnce(cache, "things/a", make), /disk full/);
  assert.deepEqual(readdirSync(join(cache, "things")), []);
});

test("withOwnLibraries() starts a program through the loader that came with it", () => {
  const root = join(world, "root");
  mkdirSync(join(root, "lib64"), { recursive: true });
  mkdirSync(join(root, "lib/x86_64-linux-gnu"), { recursive: true });
  // Debian 11 has it as a link to an absolute path, which must not lead out of the folder.
  symlinkSync("/lib/x86_64-linux-gnu/ld-2.31.so", join(root, "lib64/ld-linux-x86-64.so.2"));
  writeFileSync(join(root, "lib/x86_64-linux-gnu/ld-2.31.so"), "");
  assert.deepEqual(withOwnLibraries(root, "usr/bin/x", "/opt/x"), [
    "/opt/x/lib/x86_64-linux-gnu/ld-2.31.so",
    "--library-path",
    "/opt/x/lib/x86_64-linux-gnu",
    "/opt/x/usr/bin/x",
  ]);
  assert.throws(() => withOwnLibraries(join(world, "none"), "x"), /dynamic loader/);
});

test("supervise.sh and init.sh are scripts that a shell can read", () => {
  for (const script of ["supervise.sh", "init.sh"]) {
    const path = new URL(`../../../share/lab/${script}`, import.meta.url);
    execFileSync("sh", ["-n", path.pathname]);
  }
});
