import assert from "node:assert/strict";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFolder, leaveAbandoned } from "../files/files.test.support.ts";
import { evictBases, markUsed } from "./evict-bases.ts";
import { makeWorkFolder } from "./scratch-tree.ts";

const NOBODY = 65534;
const HOUR_MS = 3_600_000;
const roomy = { count: 9, sizeBytes: 1_000_000, protectedFor: HOUR_MS };

/** Bases of 1000 bytes by name, with the hours since their last use. */
function left(
  hours: Readonly<Record<string, number>>,
  limits: Partial<typeof roomy>,
): readonly string[] {
  const bases = mkdtempSync(join(tmpdir(), "xsplice-bases-"));
  try {
    for (const [name, age] of Object.entries({ newest: 0, ...hours })) {
      mkdirSync(join(bases, name, "tree"), { recursive: true });
      writeFileSync(join(bases, name, "tree/file.c"), Buffer.alloc(1000));
      markUsed(join(bases, name), new Date(Date.now() - age * HOUR_MS));
    }
    evictBases(bases, "newest", { ...roomy, ...limits });
    return readdirSync(bases).sort();
  } finally {
    rmSync(bases, { recursive: true });
  }
}

test("evictBases() keeps everything within the limits", () => {
  assert.deepEqual(left({ a: 2, b: 30 }, {}), ["a", "b", "newest"]);
});

test("evictBases() removes those used least recently, by number and by size", () => {
  const ages = { a: 4, b: 2, c: 3 };
  assert.deepEqual(left(ages, { count: 3 }), ["b", "c", "newest"]);
  assert.deepEqual(left(ages, { sizeBytes: 2500 }), ["b", "newest"]);
});

test("evictBases() counts what working copies share with their base once", (t) => {
  const bases = emptyFolder(t);
  for (const name of ["newest", "old"]) {
    mkdirSync(join(bases, name, "tree"), { recursive: true });
    writeFileSync(join(bases, name, "tree/file.c"), Buffer.alloc(1000));
  }
  using work = makeWorkFolder(join(bases, "newest/work"));
  for (const copy of ["a.c", "b.c", "c.c"]) {
    linkSync(join(bases, "newest/tree/file.c"), join(work.path, copy));
  }
  evictBases(bases, "newest", { count: 2, sizeBytes: 2000, protectedFor: 0 });
  assert.deepEqual(readdirSync(bases).sort(), ["newest", "old"]);
});

test("evictBases() leaves alone what a build may be using", () => {
  assert.deepEqual(left({ a: 0.5, b: 2 }, { count: 1 }), ["a", "newest"]);
});

test("evictBases() leaves alone what a build works in, however long it takes", (t) => {
  const bases = emptyFolder(t);
  for (const name of ["newest", "left", "worked-in"]) mkdirSync(join(bases, name));
  leaveAbandoned(join(bases, "left"), "work/build-killed");
  using _work = makeWorkFolder(join(bases, "worked-in/work"));
  evictBases(bases, "newest", { count: 1, sizeBytes: 0, protectedFor: 0 });
  assert.deepEqual(readdirSync(bases).sort(), ["newest", "worked-in"]);
});

test("evictBases() never removes the newest one", () => {
  assert.deepEqual(left({}, { count: 0, sizeBytes: 0, protectedFor: 0 }), ["newest"]);
});

const foreign = {
  "may not move": (base: string) => chmodSync(base, 0o555),
  "may not look into": (base: string) => mkdirSync(join(base, "work"), { mode: 0o700 }),
};

for (const [what, makeForeign] of Object.entries(foreign)) {
  test(`evictBases() leaves what it ${what}, and goes on`, () => {
    const bases = mkdtempSync(join(tmpdir(), "xsplice-bases-"));
    const user = process.geteuid?.();
    try {
      chmodSync(bases, 0o777);
      for (const name of ["foreign", "newest"]) {
        mkdirSync(join(bases, name));
        makeForeign(join(bases, name));
        utimesSync(join(bases, name), 0, 0);
      }
      if (user === 0) process.seteuid?.(NOBODY); // Root may do all.
      evictBases(bases, "newest", { ...roomy, count: 1 });
      assert.deepEqual(readdirSync(bases).sort(), ["foreign", "newest"]);
    } finally {
      if (user === 0) process.seteuid?.(user);
      rmSync(bases, { recursive: true });
    }
  });
}

test("markUsed() makes no base where there is none", () => {
  const bases = mkdtempSync(join(tmpdir(), "xsplice-bases-"));
  try {
    markUsed(join(bases, "absent"));
    assert.deepEqual(readdirSync(bases), []);
  } finally {
    rmSync(bases, { recursive: true });
  }
});
