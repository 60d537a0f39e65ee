import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../../test/why-no-build.ts";
import type { Base } from "../base.ts";
import type { CompileUnit } from "../listing.ts";
import { linkTree } from "../scratch-tree.ts";
import type { MakeTools } from "../tools.ts";
import { compileDirectly } from "./direct.ts";
import { makeObjects, takeObject } from "./make-objects.ts";
import { openSmallBase } from "./small-base.test.support.ts";

type Cleaner = Parameters<typeof openSmallBase>[0];

interface Place {
  readonly base: Base;
  readonly tools: MakeTools;
  /** A new working copy. */
  copy(): string;
}

async function openPlace(t: Cleaner): Promise<Place> {
  const { base, tools } = await openSmallBase(t);
  let copies = 0;
  const copy = () => {
    copies++;
    const folder = join(base.folder, `copy-${copies}`);
    linkTree(base.tree, base.contents, { folder, generated: "copied" });
    return folder;
  };
  return { base, tools, copy };
}

/** So that make has to compile it. */
function forMake(unit: CompileUnit): CompileUnit {
  return { ...unit, compiles: unit.compiles.map((one) => ({ ...one, finishing: undefined })) };
}

function namesOf(units: readonly CompileUnit[]): readonly string[] {
  return units.map(({ object }) => object);
}

buildTest(
  "compileDirectly() makes the objects of one C file as make does, and leaves all others",
  async (t) => {
    const { base, tools, copy } = await openPlace(t);
    const { units, aliases } = base.listing;
    const [direct, made] = [copy(), copy()];
    const left = await compileDirectly({ tree: direct, units, tools, jobs: 2 });
    assert.deepEqual(namesOf(left), ["common/entry.o", "common/start.init.o"]);
    assert.ok(!existsSync(join(direct, "xen/common/start.init.o")));
    const whole = { tree: made, units: units.map(forMake), tools, jobs: 2 };
    assert.equal((await makeObjects(whole)).exitCode, 0);
    for (const unit of units.filter((one) => !left.includes(one))) {
      const [one, other] = [takeObject(direct, unit, aliases), takeObject(made, unit, aliases)];
      assert.deepEqual(one.bytes, other.bytes, unit.object);
      assert.deepEqual(one.dependencies, other.dependencies, unit.object);
    }
  },
);

buildTest("compileDirectly() leaves to make what does not compile by itself", async (t) => {
  const { base, tools, copy } = await openPlace(t);
  const tree = copy();
  rmSync(join(tree, "xen/include/generated.h"));
  const units = base.listing.units.filter(({ object }) => object !== "common/entry.o");
  const left = await compileDirectly({ tree, units, tools, jobs: 1 });
  assert.ok(namesOf(left).includes("common/kernel.o"));
  assert.ok(!existsSync(join(tree, "xen/common/kernel.o")));
});

buildTest("takeObject() tells what was made last, directly or by make", async (t) => {
  const { base, tools, copy } = await openPlace(t);
  const { aliases, units } = base.listing;
  const tree = copy();
  const kernel = units.filter(({ object }) => object === "common/kernel.o");
  const take = () => kernel.map((unit) => takeObject(tree, unit, aliases).dependencies)[0];
  const request = { tree, units: kernel, tools, jobs: 1 };
  await makeObjects(request);
  assert.deepEqual(take(), ["common/kernel.c", "include/generated.h", "include/wide.h"]);
  rmSync(join(tree, "xen/common/kernel.c"));
  writeFileSync(join(tree, "xen/common/kernel.c"), "int kernel(void) { return 1; }\n");
  await makeObjects({ ...request, units: kernel.map(forMake) });
  assert.deepEqual(take(), ["common/kernel.c"]);
  await makeObjects(request);
  assert.deepEqual(take(), ["common/kernel.c"]);
});
