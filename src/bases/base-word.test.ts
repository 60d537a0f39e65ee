import assert from "node:assert/strict";
import { test } from "node:test";
import { readBaseWord } from "./base-word.ts";

const debian: Readonly<Record<string, readonly [xen: string, version: string | undefined]>> = {
  "debian:12": ["4.17", undefined],
  "debian:bookworm": ["4.17", undefined],
  "debian:4.20": ["4.20", undefined],
  "debian:4.14.6-1": ["4.14", "4.14.6-1"],
  "debian:4.17.5+72-g01140da4e8-1": ["4.17", "4.17.5+72-g01140da4e8-1"],
};
for (const [word, [xen, version]] of Object.entries(debian)) {
  test(`readBaseWord() knows ${word}`, () => {
    const base = readBaseWord(word);
    assert.ok(base.kind === "debian");
    assert.deepEqual([base.release.xen, base.version], [xen, version]);
    assert.equal(base.architecture, "amd64");
  });
}

test("readBaseWord() knows a release of Debian for arm64", () => {
  const base = readBaseWord("debian-arm64:12");
  assert.ok(base.kind === "debian");
  assert.deepEqual([base.release.xen, base.architecture], ["4.17", "arm64"]);
});

test("readBaseWord() takes a name with a slash for a directory, and an address of ssh for a host", () => {
  assert.deepEqual(readBaseWord("./xen"), { kind: "directory", folder: "./xen" });
  assert.deepEqual(readBaseWord(".."), { kind: "directory", folder: ".." });
  assert.deepEqual(readBaseWord("ssh:root@h"), { kind: "ssh", destination: "root@h" });
  assert.deepEqual(readBaseWord("installed"), { kind: "installed" });
});

for (const word of ["", "xen", "ssh:", "lab:x", "debian", "Installed"]) {
  test(`readBaseWord() says of "${word}" what names a base`, () => {
    assert.throws(() => readBaseWord(word), /it names none\n +expected: +debian:VERSION/);
  });
}

for (const word of [
  "debian:",
  "debian:10",
  "debian:4.18.0-1",
  "debian:sid",
  "debian:4.17 5",
  "debian-arm64:1",
]) {
  test(`readBaseWord() says of "${word}" which releases of Debian are known`, () => {
    assert.throws(() => readBaseWord(word), /expected: +debian:11 \(Xen 4\.14\), debian:12/);
  });
}
