// Which payloads a fix can be built on, and what must be known of them.

import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { BuilderError } from "../build-outcome/builder-error.ts";
import { originPatch } from "../payload/made-from/origin.ts";
import { patchFrom } from "./build.test.support.ts";
import {
  build,
  buildOne,
  buildTwo,
  file,
  first,
  fixed,
  foundationOf,
  parsed,
  replaced,
  second,
  start,
  third,
  unfixed,
} from "./stack.test.support.ts";

/** Payloads that say of themselves that they were made by another patch than they were. */
const claims = [
  {
    what: "code",
    claimed: fixed("n * 3 + bump() + 1001", "other(3) + helper(5)"),
    changed: fixed("n * 4 + bump() + 1001", "other(4) + helper(5)"),
    problem: /"helper".* a different body than its patches compile to: the byte at \+0x/,
  },
  {
    what: "references",
    claimed: fixed("n * 3 + bump() + 1000", "helper(3) + other(5)"),
    changed: fixed("n * 3 + bump() + 1000", "helper(3) + other(6)"),
    problem:
      /"start".* the reference at \+0x[0-9a-f]+ leads to "start\.c#other" in the payload, to "helper\.xs/,
  },
  {
    what: "size",
    claimed: fixed("n * 3 + bump() + 1000", "other(3) + helper(5) + other(9)"),
    changed: fixed("n * 3 + bump() + 1000", "other(3) + helper(5) + other(8)"),
    problem: /"start".* bytes long here, \d+ bytes in the payload/,
  },
];

for (const { what, claimed, changed, problem } of claims) {
  buildTest(`buildFix() refuses a payload below whose ${what} is not of its patches`, async () => {
    const [made] = foundationOf([await buildOne()]).payloads;
    assert.ok(made?.origin);
    const patches = [originPatch("first.patch", patchFrom(file, start, claimed).bytes)];
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

buildTest("buildFix() says that the headers of xSplice may have changed since then", async () => {
  const withHeader = (text: string) => `#define __XEN__\n#include <xsplice.h>\n${text}`;
  const [made] = foundationOf([await buildOne()]).payloads;
  assert.ok(made?.origin);
  const text = withHeader(fixed("n * 3 + bump() + 1000", "other(3) + helper(5) + other(9)"));
  const patches = [originPatch("first.patch", patchFrom(file, start, text).bytes)];
  const payloads = [{ ...made, origin: { ...made.origin, patches } }];
  const stacking = { foundation: { payloads, buildId: undefined } };
  const { refusals } = await build([text, text.replace("other(9)", "other(8)")], [], { stacking });
  assert.match(refusals[0]?.reasons[1] ?? "", /includes <xsplice\.h> of xSplice/);
  assert.match(refusals[0]?.remedy ?? "", /the xSplice that built the payload/);
});

buildTest(
  "buildFix() refuses a function that a payload of unknown origin replaced, and no other",
  async () => {
    const one = await buildOne();
    const [known] = foundationOf([one]).payloads;
    assert.ok(known);
    const foundation = { payloads: [{ ...known, origin: undefined }], buildId: undefined };
    const refused = await build([start, unfixed("n + 7", "other(2)")], [], {
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
    const elsewhere = await build([start, unfixed("n + 8", "other(3)")], [], {
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
    const basePatches = [patchFrom(file, start, first, "elsewhere/other-name")];
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
