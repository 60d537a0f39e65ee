// Independent payloads, which need nothing but the old code of what they replace, and what is built on
// them.

import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { markerOf } from "../payload/marker.ts";
import type { PayloadMode } from "../payload/metadata-keys.ts";
import { mayIgnoreDependency, readStackingFacts } from "../payload/stacking.ts";
import type { PayloadBelow } from "../running/payload-below.ts";
import { makeBuildOf, patchFrom } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import {
  build,
  file,
  first,
  foundationOf,
  patches,
  payloadOf,
  secondAlone,
  sourceOf,
  third,
} from "./modes.test.support.ts";

buildTest(
  "buildFix() makes independent payloads that carry all old code of what they replace",
  async () => {
    const fix = await build(patches.slice(0, 1), { mode: "independent" });
    const { payload } = payloadOf(fix);
    assert.ok(mayIgnoreDependency(readStackingFacts(payload.metadata)));
    assert.equal(payload.depends, payload.xenDepends);
    const { address, sizeBytes } = fix.findings.target.xen.byName.get("one") ?? assert.fail();
    const expected = payload.functions.flatMap((entry) =>
      entry.kind === "guard" ? [...(entry.expectation ?? [])] : [],
    );
    assert.deepEqual(expected, [...fix.findings.target.xen.bytesAt(address, sizeBytes)]);
    await assert.rejects(
      build(patches.slice(0, 1), { mode: "independent", guard: "entry" }),
      /Xen would accept it on any host/,
    );
  },
);

buildTest(
  "buildFix() lets an independent payload require the one that its old code includes",
  async () => {
    const one = payloadOf(await build(patches.slice(0, 1), { mode: "independent" }));
    const foundation = foundationOf(one);
    const patch = patchFrom(file, sourceOf(first), sourceOf(third), "again.patch");
    const fix = await build([patch], { mode: "independent", foundation });
    const { payload } = payloadOf(fix);
    assert.equal(payload.depends, payload.xenDepends);
    assert.deepEqual(readStackingFacts(payload.metadata).requires, [one.payload.buildId]);
    const marker = markerOf(one.payload.symbolMap ?? []) ?? assert.fail();
    const [required, jump] = payload.functions;
    assert.ok(required?.kind === "guard" && required.oldAddress.kind === "symbol");
    assert.equal(required.oldAddress.symbol, marker.symbol);
    assert.deepEqual([...(required.expectation ?? [])], [0x90, ...marker.id]);
    assert.deepEqual([jump?.name, ...(jump?.expectation ?? [])], ["one+0", 0xe9]);
  },
);

/** As where no marker may stand. */
function withoutMarker(below: PayloadBelow): PayloadBelow {
  const { symbolMap = [] } = below.payload;
  const unmarked = symbolMap.filter(({ kind }) => kind !== "marker");
  return { ...below, payload: { ...below.payload, symbolMap: unmarked } };
}

buildTest("buildFix() refuses to require a payload whose release stands no marker", async () => {
  const one = payloadOf(await build(patches.slice(0, 1), { mode: "independent" }));
  const foundation = foundationOf(withoutMarker(one));
  await assert.rejects(
    build(patches.slice(1, 2), { mode: "independent", foundation }),
    /it has no marker by which Xen could tell that it is applied/,
  );
});

buildTest(
  "buildFix() lays payloads on independent ones, which know nothing of each other",
  async () => {
    const [one, two] = [
      payloadOf(await build(patches.slice(0, 1), { mode: "independent" })),
      payloadOf(await build([secondAlone], { mode: "independent" })),
    ];
    const foundation = foundationOf(one, two);
    const { payload } = payloadOf(await build(patches.slice(2), { foundation }));
    assert.equal(payload.depends, two.payload.buildId);
    assert.deepEqual(
      payloadOf(await build(patches.slice(2), { foundation })).payload.needs,
      payload.needs,
    );
  },
);

buildTest("buildFix() requires what lies below besides what it depends on", async () => {
  const [one, two] = [
    payloadOf(await build(patches.slice(0, 1), { mode: "independent" })),
    payloadOf(await build([secondAlone], { mode: "independent" })),
  ];
  const requiresOn = async (payloads: readonly PayloadBelow[]) => {
    const foundation = foundationOf(...payloads);
    const fix = await build(patches.slice(2), { foundation });
    const { payload } = payloadOf(fix);
    const labels = payload.functions.map(({ name }) => name);
    return {
      requires: readStackingFacts(payload.metadata).requires,
      isCompared: labels.includes(`payload ${one.payload.buildId}, applied`),
      unchecked: fix.findings.stacking.unchecked,
    };
  };
  const id = one.payload.buildId;
  const expected = { requires: [id], isCompared: true, unchecked: [] };
  assert.deepEqual(await requiresOn([one, two]), expected);

  const told = await requiresOn([withoutMarker(one), two]);
  assert.deepEqual([told.requires, told.isCompared], [[id], false]);
  assert.match(told.unchecked.join(), /"payload" has no marker .*only xsplice checks it/);

  const foundation = foundationOf(one);
  const onOne = payloadOf(await build(patches.slice(1, 2), { foundation }));
  const chained = await requiresOn([one, onOne]);
  assert.deepEqual([chained.requires, chained.isCompared], [[], false]);
});

buildTest(
  "buildFix() warns of a constant that other independent payloads would not see",
  async (t) => {
    const text = (last: number) =>
      sourceOf({
        before: `static const int t[] = { 1, ${last} };\n`,
        one: "return t[n & 1] + 1;",
      });
    const base = makeBuildOf(t, { [file]: text(2) });
    const warningsIn = async (mode: PayloadMode) => {
      const patch = patchFrom(file, text(2), text(3), "t.patch");
      const { warnings } = await buildFix(
        base.options({}, { stacking: { mode }, inputs: { patches: [patch] } }),
      );
      return warnings;
    };
    assert.match(
      await warningsIn("independent"),
      /^warning: "t" is carried as a changed copy: .* --on\n$/m,
    );
    assert.doesNotMatch(await warningsIn("stack"), /changed copy/);
  },
);
