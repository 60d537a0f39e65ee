// What a lab reads back, when it is damaged: by a power cut, a full disk, another release.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFolder } from "../files/files.test.support.ts";
import { digestOf } from "./digest.ts";
import { readLabFile, writeLabFile } from "./lab-file.ts";
import { plainLabInfo } from "./shown-lab.test.support.ts";
import { findSnapshot, type Snapshot } from "./snapshot.ts";
import type { LabSources } from "./sources.ts";

const MB = 1024 * 1024;

test("readLabFile() reads what writeLabFile() wrote, and nothing that is damaged", (t) => {
  const info = { ...plainLabInfo("lab-1", emptyFolder(t)), xen: "/boot/xen.gz" };
  assert.equal(readLabFile(info.folder), undefined);
  writeLabFile({ ...info, packageVersion: undefined }, "detached");
  const { startedAt = "", ...read } = readLabFile(info.folder) ?? {};
  assert.deepEqual(read, { info, lifetime: "detached" });
  assert.ok(Date.now() - Date.parse(startedAt) >= 0);
  assert.deepEqual(readdirSync(info.folder), ["lab.json"]);
  const path = join(info.folder, "lab.json");
  const whole = readFileSync(path, "utf8");
  for (const text of ["", whole.slice(0, -10), '{"format":1}', whole.replace("512", '"512"')]) {
    writeFileSync(path, text);
    assert.equal(readLabFile(info.folder), undefined, text);
  }
});

const sources = {
  identity: "this very machine",
  machine: {
    processor: "amd",
    cpus: 1,
    memoryMb: 2,
    images: 0,
    hypervisorOptions: [],
    kernelOptions: [],
  },
} as unknown as LabSources;

/** As takeSnapshot() leaves it. */
function writeSnapshot(cache: string): Snapshot {
  const folder = join(cache, "snapshots/kind", digestOf(1, sources.identity));
  mkdirSync(folder, { recursive: true });
  const snapshot = {
    memory: join(folder, "memory"),
    state: join(folder, "state"),
    console: join(folder, "console"),
  };
  writeFileSync(snapshot.memory, "");
  truncateSync(snapshot.memory, 2 * MB);
  writeFileSync(snapshot.state, "state");
  writeFileSync(snapshot.console, "(XEN)");
  return snapshot;
}

const damages: Readonly<Record<string, (snapshot: Snapshot) => void>> = {
  "has no memory": ({ memory }) => rmSync(memory),
  "has half of its memory": ({ memory }) => truncateSync(memory, MB),
  "has an empty state": ({ state }) => truncateSync(state, 0),
  "has no console": ({ console }) => rmSync(console),
};

for (const [what, damage] of Object.entries(damages)) {
  test(`findSnapshot() finds no snapshot that ${what}, and removes it`, (t) => {
    const cache = emptyFolder(t);
    const snapshot = writeSnapshot(cache);
    assert.deepEqual(findSnapshot(cache, "kind", sources), snapshot);
    damage(snapshot);
    assert.equal(findSnapshot(cache, "kind", sources), undefined);
    assert.deepEqual(readdirSync(join(cache, "snapshots/kind")), []);
  });
}
