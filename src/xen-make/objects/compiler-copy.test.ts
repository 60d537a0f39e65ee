import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../../test/why-no-build.ts";
import type { CompileUnit } from "../listing.ts";
import { linkTree } from "../scratch-tree.ts";
import { linkForCompilers, makeWhole, suitsCompilerCopy } from "./compiler-copy.ts";
import { makeObjects, takeObject } from "./make-objects.ts";
import { openSmallBase } from "./small-base.test.support.ts";

function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.map((one) => join(one.parentPath, one.name).slice(folder.length)).sort();
}

buildTest(
  "linkForCompilers() makes a copy in which objects come out as in a whole one, of a fraction of the files",
  async (t) => {
    const { base, tools } = await openSmallBase(t);
    const { contents, listing } = base;
    const units = listing.units.filter((unit) => suitsCompilerCopy([unit]));
    assert.ok(units.length >= 2);
    const [light, whole] = [join(base.folder, "light"), join(base.folder, "whole")];
    linkForCompilers(base.tree, contents, { folder: light, units });
    linkTree(base.tree, contents, { folder: whole, generated: "linked" });
    assert.ok(lstatSync(join(light, "xen/include")).isSymbolicLink());
    assert.ok(lstatSync(join(light, "xen/common/kernel.c")).isFile());
    for (const tree of [light, whole]) {
      const beforeMake = () => assert.fail("make is not needed");
      await makeObjects({ tree, units, tools, jobs: 1, beforeMake });
    }
    for (const unit of units) {
      const [one, other] = [light, whole].map((tree) => takeObject(tree, unit, listing.aliases));
      assert.deepEqual(one, other, unit.object);
    }
  },
);

buildTest(
  "makeWhole() completes such a copy, with what was written there, and make leaves the base alone",
  async (t) => {
    const { base, tools } = await openSmallBase(t);
    const { contents, listing } = base;
    const before = filesBelow(base.tree);
    const units = listing.units.filter(({ object }) => object === "common/kernel.o");
    const [light, whole] = [join(base.folder, "light"), join(base.folder, "whole")];
    linkForCompilers(base.tree, contents, { folder: light, units });
    linkTree(base.tree, contents, { folder: whole, generated: "linked" });
    const changed = join(light, "xen/common/kernel.c");
    rmSync(changed);
    writeFileSync(changed, "int kernel(void) { return 7; }\n");
    makeWhole(base.tree, contents, light);
    assert.deepEqual(filesBelow(light), filesBelow(whole));
    assert.match(readFileSync(changed, "utf8"), /return 7/);
    assert.ok(lstatSync(join(light, "xen/include")).isDirectory());
    makeWhole(base.tree, contents, light);
    const byMake: CompileUnit[] = units.map((unit) => ({
      ...unit,
      compiles: unit.compiles.map((one) => ({ ...one, finishing: undefined })),
    }));
    const made = await makeObjects({ tree: light, units: byMake, tools, jobs: 1 });
    assert.equal(made.exitCode, 0, made.stderr);
    assert.deepEqual(filesBelow(base.tree), before);
  },
);
