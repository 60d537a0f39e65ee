import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { partDefinition } from "./catalogue.ts";
import { formatManifest, MANIFEST_NAME, partFolder } from "./manifest.ts";
import { inspectParts } from "./parts.ts";
import { pathWithParts } from "./programs.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-programs-"));
after(() => rmSync(world, { recursive: true, force: true }));

/** A folder with empty programs of these names. */
function folderWith(...names: readonly string[]): string {
  const folder = mkdtempSync(join(world, "bin-"));
  for (const name of names) {
    writeFileSync(join(folder, name), "#!/bin/sh\n");
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

function cacheWith(id: string): string {
  const cache = mkdtempSync(join(world, "cache-"));
  mkdirSync(partFolder(cache, id), { recursive: true });
  const manifest = formatManifest(partDefinition(id), [], 0);
  writeFileSync(join(partFolder(cache, id), MANIFEST_NAME), manifest);
  return cache;
}

test("inspectParts() takes programs of the machine's own only when it has all of the part's", () => {
  const stateWith = (...names: readonly string[]) =>
    inspectParts(["parser-generators"], {
      cache: world,
      environment: { PATH: folderWith(...names) },
    })[0]?.state.kind;
  assert.equal(stateWith("flex", "bison"), "missing");
  assert.equal(stateWith("flex", "bison", "m4"), "provided");
});

test("pathWithParts() puts a fetched part before the machine's programs", () => {
  const cache = cacheWith("make");
  const root = join(partFolder(cache, "make"), "root");
  assert.equal(
    pathWithParts(["make"], { cache, environment: { PATH: "/elsewhere" } }),
    `${root}/usr/bin:${root}/bin:/elsewhere`,
  );
});

test("pathWithParts() leaves the PATH alone where the machine has the programs", () => {
  const own = folderWith("make");
  assert.equal(pathWithParts(["make"], { cache: world, environment: { PATH: own } }), own);
});

test("pathWithParts() refuses a part that was not fetched", () => {
  const environment = { PATH: "/elsewhere" };
  assert.throws(() => pathWithParts(["make"], { cache: world, environment }), {
    name: "PartsError",
    message: /Cannot use part "make": it has not been fetched/,
  });
});
