// What a power cut leaves of the cache: names with nothing behind them, or with half of it.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../test/why-no-build.ts";
import { makeSmallXen, type SmallXen } from "../xen-make/small-xen.test.support.ts";
import { preparePairs } from "./prepare-pairs.ts";

const header = { "xen/include/wide.h": "static inline int wide(void) { return 2; }\n" };
const generating = { "xen/include/public/list.h": "#define LISTED 2\n" };

/** A build that keeps something of every kind. */
async function build(xen: SmallXen) {
  const earlier = [xen.request(generating).inputs.patches];
  const { pairs, findSymbolUsers } = await preparePairs(
    xen.request(header, { inputs: { earlier } }),
  );
  return { pairs, users: await findSymbolUsers() };
}

/** All that is kept beside the prepared copy of the source. */
function keptFiles(xen: SmallXen): readonly string[] {
  const bases = join(xen.cache, "build");
  const [base = ""] = readdirSync(bases);
  const entries = readdirSync(join(bases, base), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== "last-used")
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(bases, base, "tree/")));
}

const damages: readonly (readonly [string, (whole: Buffer) => Buffer])[] = [
  ["are empty", () => Buffer.alloc(0)],
  ["are half there", (whole) => whole.subarray(0, whole.length / 2)],
  ["hold zeros", (whole) => Buffer.alloc(whole.length)],
];

for (const [what, damage] of damages) {
  buildTest(`preparePairs() makes again what it has kept when its files ${what}`, async (t) => {
    const xen = makeSmallXen(t);
    const whole = await build(xen);
    const isStamp = (path: string): boolean => path.endsWith("/base.json");
    const kept = keptFiles(xen);
    const kinds = new Set(kept.map((path) => path.replace(/.*[/.]/, "")));
    assert.deepEqual([...kinds].sort(), ["json", "o"]);
    for (const name of ["base", "dependencies", "symbol-users", "level"]) {
      assert.ok(
        kept.some((path) => path.endsWith(`/${name}.json`)),
        `nothing kept: ${name}`,
      );
    }
    // Without a base nothing of what lies beside it is read.
    for (const part of [kept.filter((path) => !isStamp(path)), kept.filter(isStamp)]) {
      for (const path of part) writeFileSync(path, damage(readFileSync(path)));
      assert.deepEqual(await build(xen), whole);
    }
  });
}
