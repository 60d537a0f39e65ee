import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { unpackPackage, unpackSource } from "./unpack.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-unpack-"));
after(() => rmSync(world, { recursive: true, force: true }));

/** A source package with one file and the given series of patches, none of which is there. */
function sourcePackage(name: string, series: string): string[] {
  const files = { "xen-1.0/xen/a.c": "int a;\n", "debian/patches/series": series };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(world, name, dirname(path)), { recursive: true });
    writeFileSync(join(world, name, path), text);
  }
  const archives = { orig: "xen-1.0", debian: "debian" };
  return Object.entries(archives).map(([kind, folder]) => {
    const archive = join(world, `${name}_1.0.${kind}.tar.gz`);
    execFileSync("tar", ["-czf", archive, "-C", join(world, name), folder]);
    return archive;
  });
}

test("unpackSource() lays Debian's folder over the original", async () => {
  const root = join(world, "root");
  await unpackSource(sourcePackage("plain", "# no patches\n\n"), root);
  assert.equal(readFileSync(join(root, "xen/a.c"), "utf8"), "int a;\n");
  assert.equal(readFileSync(join(root, "debian/patches/series"), "utf8"), "# no patches\n\n");
});

test("unpackSource() refuses when a patch cannot be applied", async () => {
  const files = sourcePackage("patched", "absent.patch\n");
  await assert.rejects(unpackSource(files, join(world, "patched-root")), {
    name: "PartsError",
    message: /Cannot unpack a source package: "patch .*absent\.patch" failed/s,
  });
});

test("unpackPackage() says which package is spoilt", async () => {
  const path = join(world, "spoilt.deb");
  writeFileSync(path, "this is no package");
  await assert.rejects(unpackPackage(path, join(world, "spoilt-root"), []), {
    name: "PartsError",
    message: /Cannot unpack package ".*spoilt\.deb"/,
  });
});
