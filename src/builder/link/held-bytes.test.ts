// Members that independent payloads put into holes of one structure: where they lie over each other, both payloads
// have a symbol of one name, so that Xen loads only one of them.

import assert from "node:assert/strict";
import { buildTest } from "../../../test/why-no-build.ts";
import type { PayloadMode } from "../../payload/metadata-keys.ts";
import { makeBuildOf, patchFrom } from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import { payloadOf } from "../modes.test.support.ts";

const file = "xen/common/start.c";
const old = `struct state {
    char first;
    /* A hole of seven bytes. */
    long last;
};
struct state all;
int one(void)
{
    return all.first;
}
int two(void)
{
    return all.first + 2;
}
int start(void)
{
    return one() + two();
}
`;

buildTest(
  "buildFix() gives two independent payloads a name in common where their members overlap",
  async (t) => {
    const small = makeBuildOf(t, { [file]: old });
    const heldBy = async (member: string, mode: PayloadMode): Promise<readonly string[]> => {
      const text = old
        .replace("    long last;", `    ${member};\n    long last;`)
        .replace("return all.first;", "return all.first + (int)sizeof(all.mine) + !!&all.mine;");
      const patches = [patchFrom(file, old, text)];
      const allowed = { layouts: ["struct state"] };
      const fix = await buildFix(
        small.options({}, { inputs: { patches }, stacking: { mode }, allowed }),
      );
      const names = payloadOf(fix).payload.exports.map(({ name }) => name);
      return names.filter((name) => name.startsWith("xsplice.holds."));
    };
    const at = (...offsets: readonly number[]) =>
      offsets.map((offset) => `xsplice.holds.byte-${offset}-of-struct-state`);
    const late = "char mine __attribute__((aligned(4)))";
    assert.deepEqual(await heldBy("short mine", "independent"), at(2, 3));
    assert.deepEqual(await heldBy("char mine[2]", "independent"), at(1, 2));
    assert.deepEqual(await heldBy(late, "independent"), at(4));
    // One is built on the other, or takes its place: both know what the other has.
    for (const mode of ["stack", "cumulative"] as const)
      assert.deepEqual(await heldBy("short mine", mode), []);
  },
);
