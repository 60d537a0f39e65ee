import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { createTwoFilesPatch } from "diff";
import { buildTest } from "../../test/why-no-build.ts";
import { markerOf } from "../payload/marker.ts";
import type { PayloadMode } from "../payload/metadata-keys.ts";
import { parsePayload } from "../payload/parse.ts";
import { mayIgnoreDependency, readStackingFacts } from "../payload/stacking.ts";
import { type PayloadBelow, readPayloadBelow } from "../running/payload-below.ts";
import type { PatchInput } from "../source-patch/patch-file.ts";
import { linkHypervisor, makeSmallBuild } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import type { BuildStacking } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";
import { reportOf } from "./report.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-modes-test-"));
const cleanups: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const file = "xen/common/start.c";
/** Far enough apart that a patch of one function fits whatever stands in the others. */
const apart = "\n".repeat(9);
const start = [
  "int start(void); int one(int n); int two(int n); int three(int n);",
  "int one(int n) { return n + 1; }",
  "int two(int n) { return n + 2; }",
  "int three(int n) { return n + 3; }",
  "int start(void) { return one(two(three(0))); }",
]
  .map((line) => `${line}${apart}`)
  .join("");
/** Line by line, one or two fixes of one function each. */
function changed(...replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((text, [from, to]) => text.replace(from, to), start);
}
const first = ["n + 1", "n + 100"] as const;
const second = ["{ return n + 2", "{ static int count; return n + 200 + count++"] as const;
const third = ["n + 100", "n * 2 + 100"] as const;
const patches: readonly PatchInput[] = [
  patchFrom("one.patch", start, changed(first)),
  patchFrom("two.patch", changed(first), changed(first, second)),
  patchFrom("three.patch", changed(first, second), changed(first, second, third)),
];

const xenSyms = linkHypervisor({ [file]: start });
const small = makeSmallBuild({ after: (work) => cleanups.push(work) }, xenSyms);
writeFileSync(join(small.source, file), start);

function patchFrom(name: string, old: string, text: string): PatchInput {
  return { name, bytes: Buffer.from(createTwoFilesPatch(`a/${file}`, `b/${file}`, old, text)) };
}

function build(
  own: readonly PatchInput[],
  stacking: Partial<BuildStacking> = {},
  hooks: readonly string[] = [],
): Promise<BuiltFix> {
  return buildFix(small.options({}, { inputs: { patches: own, hooks }, stacking }));
}

function payloadOf({ payload, refusals }: BuiltFix) {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return { ...readPayloadBelow(payload.bytes, "payload"), bytes: payload.bytes };
}

buildTest("buildFix() names the patch behind each function of a cumulative payload", async () => {
  const options = small.options({}, { stacking: { mode: "cumulative" }, inputs: { patches } });
  const fix = await buildFix(options);
  const { payload } = payloadOf(fix);
  assert.equal(readStackingFacts(payload.metadata).mode, "cumulative");
  assert.equal(payload.depends, payload.xenDepends);
  assert.deepEqual(
    reportOf(fix, options, "p").functions.map((found) => [found.name, found.patches]),
    [
      ["one", ["one.patch", "three.patch"]],
      ["two", ["two.patch"]],
    ],
  );
});

buildTest("buildFix() tells what becomes of the functions of the previous payload", async () => {
  const alone = patchFrom("three.patch", start, changed(["n + 3", "n + 33"]));
  const previous = payloadOf(
    await build([patches[0] ?? assert.fail(), alone], { mode: "cumulative" }),
  );
  const wish = { mode: "cumulative", previous } as const;
  const { succession } = (await build(patches.slice(0, 2), wish)).findings;
  assert.deepEqual(succession?.functions.map(({ name, change }) => `${name}: ${change}`).sort(), [
    "one: unchanged",
    "three: no-longer-patched",
    "two: newly-patched",
  ]);
  const again = await build(patches, wish);
  const one = again.findings.succession?.functions.find(({ name }) => name === "one");
  assert.equal(one?.change, "patched-again");
});

buildTest("buildFix() refuses to lose what a variable of the previous payload holds", async () => {
  const previous = payloadOf(await build(patches.slice(0, 2), { mode: "cumulative" }));
  const stacking = { mode: "cumulative", previous } as const;
  const refused = await build(patches, stacking);
  assert.deepEqual(
    [refused.outcome, ...refused.refusals.map(({ rule, what }) => `${rule}: ${what}`)],
    ["refused", 'fresh-data: variable "start.c#count"'],
  );
  const allowed = { freshData: ["count"] };
  const given = small.options({}, { inputs: { patches }, stacking, allowed });
  assert.equal((await buildFix(given)).outcome, "built");
  const gone = await build(patches.slice(0, 1), stacking);
  assert.deepEqual(
    gone.findings.succession?.data.map(({ fate }) => fate),
    ["gone"],
  );
  assert.equal(gone.outcome, "built");
});

buildTest("buildFix() knows a variable of the previous payload that became global", async () => {
  const previous = payloadOf(await build(patches.slice(0, 2), { mode: "cumulative" }));
  const shared = [
    "int two(int n) { return n + 2",
    "int count; int two(int n) { return count++",
  ] as const;
  const patch = patchFrom("two.patch", start, changed(shared));
  const refused = await build([patch], { mode: "cumulative", previous });
  assert.deepEqual(
    refused.refusals.map(({ rule, what }) => `${rule}: ${what}`),
    ['fresh-data: variable "start.c#count"'],
  );
});

buildTest(
  "buildFix() refuses hooks that would keep a cumulative payload from replacing",
  async () => {
    const hooks = join(folder, "veto.c");
    writeFileSync(
      hooks,
      "static int veto(struct livepatch_payload *p) { return p == 0; }\nXSPLICE_HOOK_PREAPPLY(veto)\n",
    );
    const refused = await build(patches, { mode: "cumulative" }, [hooks]);
    assert.deepEqual(
      refused.refusals.map(({ rule, what }) => `${rule}: ${what}`),
      ['vetoing-hook: hook "preapply"'],
    );
    payloadOf(await build(patches, {}, [hooks]));
  },
);

buildTest("buildFix() refuses a cumulative payload on top of another", async () => {
  const below = payloadOf(await build(patches.slice(0, 1)));
  const foundation = { payloads: [below], buildId: undefined };
  await assert.rejects(
    build(patches.slice(1, 2), { mode: "cumulative", foundation }),
    /it takes the place of all/,
  );
});

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
      /it would go anywhere/,
    );
  },
);

buildTest(
  "buildFix() lets an independent payload require the one that its old code includes",
  async () => {
    const one = payloadOf(await build(patches.slice(0, 1), { mode: "independent" }));
    const foundation = { payloads: [one], buildId: undefined };
    const patch = patchFrom("again.patch", changed(first), changed(first, third));
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

buildTest("buildFix() refuses to require a payload whose release stands no marker", async () => {
  const old = makeSmallBuild({ after: (work) => cleanups.push(work) }, xenSyms);
  writeFileSync(join(old.source, file), start);
  const one = payloadOf(await build(patches.slice(0, 1), { mode: "independent" }));
  const { symbolMap = [] } = one.payload;
  const unmarked = { ...one.payload, symbolMap: symbolMap.filter(({ kind }) => kind !== "marker") };
  const payloads = [{ ...one, payload: unmarked }];
  await assert.rejects(
    build(patches.slice(1, 2), {
      mode: "independent",
      foundation: { payloads, buildId: undefined },
    }),
    /it has no marker by which Xen could tell that it is applied/,
  );
});

buildTest(
  "buildFix() lays payloads on independent ones, which know nothing of each other",
  async () => {
    const alone = patchFrom("two.patch", start, changed(second));
    const [one, two] = [
      payloadOf(await build(patches.slice(0, 1), { mode: "independent" })),
      payloadOf(await build([alone], { mode: "independent" })),
    ];
    const foundation = { payloads: [one, two], buildId: undefined };
    const { payload } = payloadOf(await build(patches.slice(2), { foundation }));
    assert.equal(payload.depends, two.payload.buildId);
    assert.deepEqual(
      parsePayload(payloadOf(await build(patches.slice(2), { foundation })).bytes, "p").needs,
      payload.needs,
    );
  },
);

buildTest("buildFix() requires what lies below besides what it depends on", async () => {
  const alone = patchFrom("two.patch", start, changed(second));
  const [one, two] = [
    payloadOf(await build(patches.slice(0, 1), { mode: "independent" })),
    payloadOf(await build([alone], { mode: "independent" })),
  ];
  const requiresOn = async (payloads: readonly PayloadBelow[]) => {
    const foundation = { payloads, buildId: undefined };
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

  const { symbolMap = [] } = one.payload;
  const unmarked = { ...one.payload, symbolMap: symbolMap.filter(({ kind }) => kind !== "marker") };
  const told = await requiresOn([{ ...one, payload: unmarked }, two]);
  assert.deepEqual([told.requires, told.isCompared], [[id], false]);
  assert.match(told.unchecked.join(), /"payload" has no marker .*only xsplice looks/);

  const foundation = { payloads: [one], buildId: undefined };
  const onOne = payloadOf(await build(patches.slice(1, 2), { foundation }));
  const chained = await requiresOn([one, onOne]);
  assert.deepEqual([chained.requires, chained.isCompared], [[], false]);
});

buildTest(
  "buildFix() warns of a constant that other independent payloads would not see",
  async () => {
    const text = (last: number) =>
      start.replace(
        "int one(int n) { return n",
        `static const int t[] = { 1, ${last} };
int one(int n) { return t[n & 1]`,
      );
    const base = makeSmallBuild(
      { after: (work) => cleanups.push(work) },
      linkHypervisor({ [file]: text(2) }),
    );
    writeFileSync(join(base.source, file), text(2));
    const warningsIn = async (mode: PayloadMode) => {
      const patch = patchFrom("t.patch", text(2), text(3));
      const { warnings } = await buildFix(
        base.options({}, { stacking: { mode }, inputs: { patches: [patch] } }),
      );
      return warnings;
    };
    assert.match(
      await warningsIn("independent"),
      /^warning: "t" comes as a changed copy: .* --on\n$/m,
    );
    assert.doesNotMatch(await warningsIn("stack"), /changed copy/);
  },
);
