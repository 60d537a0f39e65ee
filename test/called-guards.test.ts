// The new code of one payload calls a function that another payload of the same file replaces. The compiler
// saw the old body, and keeps in a register what that does not write.

import assert from "node:assert/strict";
import { after } from "node:test";
import { makeBuildOf, patchFrom } from "../src/builder/build.test.support.ts";
import { buildFix } from "../src/builder/build.ts";
import { payloadOf } from "../src/builder/modes.test.support.ts";
import { readCoverLabel } from "../src/payload/emit/required-markers.ts";
import type { PayloadMode } from "../src/payload/metadata-keys.ts";
import type { Payload } from "../src/payload/payload.ts";
import { factsOfPayload } from "../src/plan/facts.ts";
import type { Piece } from "../src/plan/piece.ts";
import { relationsOf } from "../src/plan/relations.ts";
import { readPayloadBelow } from "../src/running/payload-below.ts";
import { buildTest } from "./why-no-build.ts";

const file = "xen/common/start.c";
const apart = "\n".repeat(9);

interface Bodies {
  readonly leaf?: string;
  readonly user?: string;
}

function sourceOf({ leaf = "return n * 3 + 100;", user = "return middle(n) + 9;" }: Bodies) {
  return [
    '#pragma GCC optimize("O2")\nint shared; int start(int n); int leaf(int n); int middle(int n);',
    `__attribute__((noinline)) int leaf(int n) { ${leaf} }`,
    "__attribute__((noinline)) int middle(int n) { return leaf(n) ^ 5; }",
    `int caller(int n); int caller(int n) { ${user} }`,
    "int start(int n) { return caller(n); }\n",
  ].join(apart);
}

/** The compiler sees that nobody writes to "shared", and makes "return result;" of it. */
const user = "int before = shared, result = middle(n); return result + shared - before;";
const leaf = "shared += n; return n * 3;";

const small = makeBuildOf({ after }, { [file]: sourceOf({}) });

interface Made extends Piece {
  readonly payload: Payload;
  readonly bytes: Uint8Array;
  readonly bodies: Bodies;
}

async function build(edit: Bodies, mode: PayloadMode, below: readonly Made[] = []): Promise<Made> {
  const known: Bodies = Object.assign({}, ...below.map(({ bodies }) => bodies));
  const bodies = Object.assign({}, known, edit);
  const patch = patchFrom(file, sourceOf(known), sourceOf(bodies), "fix.patch");
  const payloads = below.map(({ bytes, name }) => readPayloadBelow(bytes, name));
  const stacking = { mode, foundation: { payloads, buildId: undefined } };
  const fix = await buildFix(small.options({}, { inputs: { patches: [patch] }, stacking }));
  const { payload, bytes } = payloadOf(fix);
  const name = Object.keys(edit).join();
  return { name, facts: factsOfPayload(payload), file: undefined, payload, bytes, bodies };
}

function guardsOf({ payload }: Made): readonly string[] {
  return payload.functions.flatMap(({ kind, name = "" }) => (kind === "guard" ? [name] : []));
}

for (const mode of ["independent", "stack", "cumulative"] as const) {
  buildTest(
    `buildFix() expects the functions unreplaced that new code calls (${mode})`,
    async () => {
      const guards = guardsOf(await build({ user }, mode));
      const names = new Set(guards.map((label) => label.replace(/\+\d+$/, "")));
      assert.deepEqual([...names].sort(), ["caller", "leaf", "middle"]);
      // Not more of "leaf" than shows whether there is a jump.
      assert.equal(guards.filter((label) => label.startsWith("leaf+")).length, 1);
    },
  );
}

buildTest("buildFix() makes payloads that the planner keeps apart, either way round", async () => {
  const [caller, callee] = [
    await build({ user }, "independent"),
    await build({ leaf }, "independent"),
  ];
  // By what they replace nobody would see that they do not go together.
  assert.deepEqual(
    [caller, callee].map(({ facts }) => facts.functions),
    [["caller"], ["leaf"]],
  );
  const { overlap } = relationsOf([caller, callee], undefined, () => undefined);
  for (const found of [overlap(caller, callee), overlap(callee, caller)]) {
    assert.ok(found.kind === "compiled-against");
    assert.deepEqual([found.user, found.changedBy, found.range.symbol], [caller, callee, "leaf"]);
  }
});

buildTest(
  "buildFix() expects the jump of a payload below that replaced what is called",
  async () => {
    const callee = await build({ leaf }, "stack");
    const caller = await build({ user }, "stack", [callee]);
    const entry = caller.payload.functions.find(({ name }) => name === "leaf+0");
    assert.deepEqual([...(entry?.expectation ?? [])], [0xe9]);
    assert.equal(caller.facts.jumps?.find(({ symbol }) => symbol === "leaf")?.sizeBytes, 5);
    const { knows } = relationsOf([caller, callee], undefined, () => undefined);
    assert.ok(knows(caller, callee));
  },
);

buildTest(
  "buildFix() expects that nobody replaced it once more, on top of that payload",
  async () => {
    const callee = await build({ leaf }, "independent");
    const caller = await build({ user }, "independent", [callee]);
    const again = await build({ leaf: "shared -= n; return n;" }, "independent", [callee]);
    const covers = guardsOf(caller).flatMap((label) => readCoverLabel(label)?.functionName ?? []);
    assert.deepEqual(covers, ["leaf"]);
    const { overlap } = relationsOf([callee, caller, again], undefined, () => undefined);
    assert.equal(overlap(caller, again).kind, "compiled-against");
    assert.equal(overlap(again, caller).kind, "compiled-against");
  },
);
