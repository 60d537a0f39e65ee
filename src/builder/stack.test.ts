import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { createTwoFilesPatch } from "diff";
import { buildTest } from "../../test/why-no-build.ts";
import { BuilderError } from "../build-outcome/builder-error.ts";
import { originPatch } from "../payload/origin.ts";
import { parsePayload } from "../payload/parse.ts";
import type { Payload } from "../payload/payload.ts";
import { type Foundation, readPayloadBelow } from "../running/payload-below.ts";
import type { PatchInput } from "../source-patch/patch-file.ts";
import { smallXen } from "../xen-make/small-xen.test.support.ts";
import { linkHypervisor, makeSmallBuild, type SomeOptions } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import type { BuiltFix } from "./built-fix.ts";

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const file = "xen/common/start.c";
const other = "static int other(int n) { return n + 7; }\n";
const start = `int start(void);\n${other}int start(void) { return other(3); }\n`;
/** Brings a variable, a static function, and a global one. */
const first = `int start(void);
int helper(int n);
${other}static int bump(void) { static int count; return ++count; }
int helper(int n) { return n * 3 + bump() + 1000; }
int start(void) { return other(3) + helper(5); }
`;
/** Changes both of what runs in Xen and what the first fix brought, and uses its variable. */
const second = first
  .replace("int helper(int n) { return n * 3", "int helper(int n) { return n * 4")
  .replace("other(3) +", "other(4) +");
/** Numbers the static variables anew: a new one of the same name stands in front of the first fix's. */
const third = second
  .replace(
    "static int bump",
    "static int twice(void) { static int count; return count += 2; }\nstatic int bump",
  )
  .replace("return ++count;", "return ++count + 1;")
  .replace("other(4)", "twice() + other(4)");

const xenSyms = linkHypervisor({ [file]: start });
const small = makeSmallBuild({ after: (work) => cleanups.push(work) }, xenSyms);
writeFileSync(join(small.source, file), start);

function patchFrom(old: string, text: string, name = "fix.patch") {
  const bytes = Buffer.from(createTwoFilesPatch(`a/${file}`, `b/${file}`, old, text));
  return { name, bytes };
}

let builtOne: Promise<BuiltFix> | undefined;
let builtTwo: Promise<BuiltFix> | undefined;

/** The first fix on the hypervisor itself; built once. */
function buildOne(): Promise<BuiltFix> {
  builtOne ??= build([start, first], []);
  return builtOne;
}

/** The second one on top of it. */
function buildTwo(): Promise<BuiltFix> {
  builtTwo ??= buildOne().then((below) => build([first, second], [below]));
  return builtTwo;
}

/** One fix on payloads, the lowest first. */
async function build(
  [old, text]: readonly [string, string],
  below: readonly BuiltFix[],
  { stacking, label = {} }: Pick<SomeOptions, "stacking" | "label"> = {},
): Promise<BuiltFix> {
  const inputs = { patches: [patchFrom(old, text)] };
  const on = { foundation: foundationOf(below), ...stacking };
  return buildFix(small.options({}, { inputs, stacking: on, label }));
}

function foundationOf(below: readonly BuiltFix[]): Foundation {
  const payloads = below.map(({ payload }, index) => {
    assert.ok(payload);
    return readPayloadBelow(payload.bytes, `p${index + 1}`);
  });
  return { payloads, buildId: undefined };
}

function parsed({ payload, refusals }: BuiltFix): Payload {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return parsePayload(payload.bytes, "payload");
}

function replaced({ functions }: Payload): readonly string[] {
  return functions.flatMap((entry) => {
    const { kind, oldAddress } = entry;
    return kind === "replace" && oldAddress.kind === "symbol" ? [oldAddress.symbol] : [];
  });
}

function exported({ symbolMap = [] }: Payload, name: RegExp): string {
  const [found, ...more] = symbolMap.filter(
    ({ sourceName, kind }) => name.test(sourceName) && kind !== "replacement",
  );
  assert.ok(found && more.length === 0, `${name} in ${JSON.stringify(symbolMap)}`);
  return found.exportedName;
}

buildTest(
  "buildFix() binds what a payload below brought, and replaces it where it lies",
  async () => {
    const one = await buildOne();
    const two = parsed(await buildTwo());
    assert.equal(two.depends, parsed(one).buildId);
    const helper = exported(parsed(one), /^helper$/);
    assert.deepEqual(replaced(two), [helper, "start"]);
    assert.deepEqual(
      two.symbolMap?.filter(({ kind }) => kind === "data" || kind === "function"),
      [],
    );
    // Of the new helper, which goes on with the same variable.
    assert.ok(two.needs.includes(exported(parsed(one), /#bump$/)), two.needs.join());
  },
);

buildTest("buildFix() finds a variable of two levels below under its new number", async () => {
  const one = await buildOne();
  const two = await buildTwo();
  const three = parsed(await build([second, third], [one, two]));
  assert.equal(three.depends, parsed(two).buildId);
  const [bump, count] = [/#bump$/, /#count\.\d+$/].map((name) => exported(parsed(one), name));
  assert.deepEqual(replaced(three), [bump, "start"]);
  assert.ok(three.needs.includes(count ?? ""), three.needs.join());
  const data = three.symbolMap?.filter(({ kind }) => kind === "data") ?? [];
  assert.equal(data.length, 1, "its own count, and no copy of the first one's");
  assert.notEqual(data[0]?.exportedName, count);
});

for (const storage of ["static const", "const"] as const) {
  buildTest(`buildFix() goes on with a ${storage} that a payload below has changed`, async () => {
    const textOf = (last: number, more: number) =>
      start.replace(
        "int start(void) {",
        `${storage} int t[] = { 1, ${last} };
static int read(int n) { return t[n] + ${more}; }
int start(void) { return read(other(-7));`,
      );
    const [old, changed, reader] = [textOf(2, 0), textOf(3, 0), textOf(3, 5)];
    const base = makeSmallBuild(
      { after: (work) => cleanups.push(work) },
      linkHypervisor({ [file]: old }),
    );
    writeFileSync(join(base.source, file), old);
    const make = (patch: PatchInput, below: readonly BuiltFix[]) =>
      buildFix(
        base.options(
          {},
          { inputs: { patches: [patch] }, stacking: { foundation: foundationOf(below) } },
        ),
      );
    const one = await make(patchFrom(old, changed), []);
    const copy = exported(parsed(one), /(^|#)t$/);
    const two = parsed(await make(patchFrom(changed, reader), [one]));
    assert.ok(two.needs.includes(copy), two.needs.join());
    if (storage === "static const") return;
    // From an object that the first fix did not reach.
    const kernel = "xen/common/kernel.c";
    const text = (smallXen[kernel] ?? "")
      .replace("int kernel", "extern const int t[];\nint kernel")
      .replace("wide()", "wide() + t[1]");
    const [patch] = base.options({ [kernel]: text }).inputs.patches;
    const elsewhere = parsed(await make(patch ?? assert.fail(), [one]));
    assert.ok(elsewhere.needs.includes(copy), elsewhere.needs.join());
  });
}

buildTest(
  "buildFix() expects the jump of the payload below, and the old code behind it",
  async () => {
    const one = await buildOne();
    const two = parsed(await buildTwo());
    const guards = two.functions.flatMap((entry) =>
      entry.kind === "guard"
        ? [[entry.name, entry.expectation?.length, entry.expectation?.[0]]]
        : [],
    );
    const { sizeBytes } = one.findings.target.xen.byName.get("start") ?? { sizeBytes: 0 };
    assert.deepEqual(guards[0], ["start+0", 1, 0xe9]);
    assert.deepEqual(guards[1]?.slice(0, 2), ["start+5", sizeBytes - 5]);
  },
);

/** Payloads that say of themselves that they were made by another patch than they were. */
for (const [what, claimed, changed, problem] of [
  [
    "code",
    first.replace("1000", "1001"),
    second.replace("1000", "1001"),
    /"helper".* another body than its patches compile to: the byte at \+0x/,
  ],
  [
    "references",
    first.replace("other(3) + helper(5)", "helper(3) + other(5)"),
    first.replace("other(3) + helper(5)", "helper(3) + other(6)"),
    /"start".* the reference at \+0x[0-9a-f]+ leads to "start\.c#other" in the payload, to "helper\.xs/,
  ],
  [
    "size",
    first.replace("other(3) + helper(5)", "other(3) + helper(5) + other(9)"),
    first.replace("other(3) + helper(5)", "other(3) + helper(5) + other(8)"),
    /"start".* bytes long here, \d+ bytes in the payload/,
  ],
] as const) {
  buildTest(`buildFix() refuses a payload below whose ${what} is not of its patches`, async () => {
    const [made] = foundationOf([await buildOne()]).payloads;
    assert.ok(made?.origin);
    const patches = [originPatch("first.patch", patchFrom(start, claimed).bytes)];
    const payloads = [{ ...made, origin: { ...made.origin, patches } }];
    const foundation = { payloads, buildId: undefined };
    const { refusals } = await build([claimed, changed], [], { stacking: { foundation } });
    assert.deepEqual(
      refusals.map(({ rule }) => rule),
      ["payload-below"],
    );
    assert.match(`${refusals[0]?.what}: ${refusals[0]?.reasons.join()}`, problem);
  });
}

buildTest(
  "buildFix() refuses a function that a payload of unknown origin replaced, and no other",
  async () => {
    const one = await buildOne();
    const [known] = foundationOf([one]).payloads;
    assert.ok(known);
    const foundation = { payloads: [{ ...known, origin: undefined }], buildId: undefined };
    const refused = await build([start, start.replace("other(3)", "other(2)")], [], {
      stacking: { foundation },
    });
    assert.deepEqual(
      refused.refusals.map(({ rule, what }) => `${rule}: ${what}`),
      ['payload-below: function "start"'],
    );
    assert.match(
      refused.refusals[0]?.reasons.join() ?? "",
      /the hypervisor itself has its code; in fact payload "p1" has/,
    );
    const elsewhere = await build([start, start.replace("n + 7", "n + 8")], [], {
      stacking: { foundation },
    });
    assert.deepEqual(replaced(parsed(elsewhere)).length, 1);
  },
);

buildTest(
  "buildFix() takes the patches of a payload that does not carry them from the user",
  async () => {
    const one = await build([start, first], [], { label: { patches: "digests" } });
    await assert.rejects(build([first, second], [one]), /"p1": it was built without its patches/);
    const basePatches = [patchFrom(start, first, "elsewhere/other-name")];
    parsed(await build([first, second], [one], { stacking: { basePatches } }));
  },
);

buildTest(
  "buildFix() refuses payloads in another order than that of their application",
  async () => {
    const one = await buildOne();
    const two = await buildTwo();
    await assert.rejects(
      build([second, third], [two, one]),
      /"p1": it depends on .*, below it lies the hypervisor/,
    );
    await assert.rejects(build([second, third], [two]), BuilderError);
  },
);

buildTest(
  "buildFix() builds on a build-id alone only without a guard, and says what it does not know",
  async () => {
    const foundation = { payloads: [], buildId: new Uint8Array(20).fill(7) };
    await assert.rejects(
      build([start, first], [], { stacking: { foundation } }),
      /what that payload changed is not known/,
    );
    const fix = await build([start, first], [], { stacking: { foundation, guard: "none" } });
    assert.equal(parsed(fix).depends, "07".repeat(20));
    assert.match(fix.findings.stacking.unchecked.join(), /known by its build-id only/);
    assert.ok(parsed(fix).functions.every(({ kind }) => kind !== "guard"));
  },
);

buildTest(
  "buildFix() finds nothing to do on top of a payload that has the change already",
  async () => {
    const one = await buildOne();
    const fix = await build([first, `${first}/* no more */\n`], [one]);
    assert.equal(fix.outcome, "unchanged");
  },
);
