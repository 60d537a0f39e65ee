import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { partDefinition, partIds } from "./catalogue.ts";
import { openCompiler } from "./compiler-program.ts";
import { compilerIds } from "./definitions/compiler-parts.ts";
import { PartsError } from "./errors.ts";
import { formatManifest, MANIFEST_NAME, partFolder } from "./manifest.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-it's-a-compiler-"));
after(() => rmSync(world, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/** As if the part had been fetched, with a loader that prints its words. */
function cacheWith(id: string, files: readonly string[]): string {
  const cache = mkdtempSync(join(world, "cache-"));
  const folder = partFolder(cache, id);
  for (const file of files) put(join(folder, "root", file), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, MANIFEST_NAME), formatManifest(partDefinition(id), [], 0));
  chmodSync(cache, 0o700);
  return cache;
}

const loader = "lib64/ld-linux-x86-64.so.2";
const library = "usr/lib/x86_64-linux-gnu/libc.so.6";

test("openCompiler() takes the machine's own where it has one of that name", async () => {
  const folder = mkdtempSync(join(world, "bin-"));
  put(join(folder, "gcc-10"), "#!/bin/sh\n");
  const options = { cache: world, environment: { PATH: folder } };
  assert.equal(await openCompiler("gcc-10", options), join(folder, "gcc-10"));
});

test("openCompiler() makes a program of a fetched gcc, which starts its parts with its own libraries", async () => {
  const cache = cacheWith("gcc-10", [loader, library]);
  const root = join(partFolder(cache, "gcc-10"), "root");
  const program = await openCompiler("gcc-10", { cache, environment: { PATH: "/nowhere" } });
  assert.equal(program, join(root, "bin/gcc-10"));
  const words = execFileSync(program, ["-c", "a file.c"], { encoding: "utf8" }).split("\n");
  const libraries = join(root, "usr/lib/x86_64-linux-gnu");
  assert.deepEqual(words.slice(0, 4), [
    ...["--library-path", libraries],
    ...[join(root, "usr/bin/gcc-10"), `-B${root}/usr/bin/`],
  ]);
  assert.deepEqual(words.slice(4, 8), [
    ...["-wrapper", `${join(root, loader)},--library-path,${libraries}`],
    ...["-c", "a file.c"],
  ]);
});

test("openCompiler() shows a fetched clang its own headers", async () => {
  const cache = cacheWith("clang-16", [loader, library]);
  const program = await openCompiler("clang-16", { cache, environment: { PATH: "/nowhere" } });
  const words = execFileSync(program, [], { encoding: "utf8" }).split("\n");
  assert.match(words[4] ?? "", /usr\/lib\/llvm-16\/lib\/clang\/16$/);
});

test("openCompiler() says that a part without a loader cannot run", async () => {
  const cache = cacheWith("gcc-10", [library]);
  const opening = openCompiler("gcc-10", { cache, environment: { PATH: "/nowhere" } });
  await assert.rejects(opening, (error) => {
    return error instanceof PartsError && /own dynamic loader was not unpacked/.test(error.message);
  });
});

test("compilerIds are parts that nobody is told to fetch", () => {
  for (const id of compilerIds) {
    assert.equal(partDefinition(id).id, id);
    assert.ok(!partIds.includes(id));
  }
});
