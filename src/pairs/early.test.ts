import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../test/why-no-build.ts";
import { BuildError } from "../build-outcome/build-error.ts";
import { makeSmallXen, type SmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

const user = "xen/common/user.c";
const fix = { [user]: '#include "generated.h"\nint user(void) { return GENERATED + 5; }\n' };

const namesOf = ({ phases }: PreparedPairs): readonly string[] => phases.map(({ name }) => name);

function change(xen: SmallXen, path: string, text: string): void {
  writeFileSync(join(xen.source, path), text);
}

buildTest(
  "preparePairs() reads a source that it knows while compilers run, and gives the same",
  async (t) => {
    const xen = makeSmallXen(t);
    const [first, again] = [
      await preparePairs(xen.request(fix)),
      await preparePairs(xen.request(fix)),
    ];
    const at = (name: string): number => namesOf(again).indexOf(name);
    // Phases are told when they end.
    assert.ok(at("link") < at("read source") && at("read source") < at("compile"));
    assert.ok(namesOf(first).indexOf("read source") < namesOf(first).indexOf("link"));
    assert.deepEqual(again.pairs, first.pairs);
    assert.deepEqual(
      { ...again.source, differencesFrom: 0 },
      { ...first.source, differencesFrom: 0 },
    );
  },
);

buildTest(
  "preparePairs() throws away what it began with, where the source is another one by now",
  async (t) => {
    const [xen, fresh] = [makeSmallXen(t), makeSmallXen(t)];
    const known = await preparePairs(xen.request(fix));
    // What is generated depends on it, and no object does.
    for (const one of [xen, fresh]) change(one, "xen/include/public/list.h", "#define LISTED 2\n");
    const [changed, anew] = [
      await preparePairs(xen.request(fix)),
      await preparePairs(fresh.request(fix)),
    ];
    assert.notEqual(changed.source.digest, known.source.digest);
    assert.deepEqual(changed.pairs, anew.pairs);
    assert.notDeepEqual(changed.pairs, known.pairs);
    assert.equal(namesOf(changed).filter((name) => name === "read source").length, 1);
  },
);

buildTest(
  "preparePairs() blames a patch only for what it does to the source that is there",
  async (t) => {
    const xen = makeSmallXen(t);
    await preparePairs(xen.request(fix));
    // The fix needs what only the source of now has.
    const needing = { [user]: '#include "fresh.h"\nint user(void) { return FRESH; }\n' };
    await assert.rejects(preparePairs(xen.request(needing)), BuildError);
    change(xen, "xen/include/fresh.h", "#define FRESH 6\n");
    const { pairs } = await preparePairs(xen.request(needing));
    assert.deepEqual(
      pairs.map(({ object }) => object),
      ["common/user.o"],
    );
    change(xen, "xen/common/entry.S", `${smallXen["xen/common/entry.S"]}# more\n`);
    change(xen, user, "int user;\n");
    await assert.rejects(preparePairs(xen.request(needing)), (error) => {
      return error instanceof BuildError && error.report.code === "build/patch-does-not-apply";
    });
  },
);
