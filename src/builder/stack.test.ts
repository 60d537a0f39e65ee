// Payloads on top of others: what a payload below brought or changed is bound to, replaced and guarded
// where it lies. Which payloads may lie below at all has foundation.test.ts.

import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import type { Payload } from "../payload/payload.ts";
import { kernelFile, makeBuildOf } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import {
  build,
  buildOne,
  buildTwo,
  file,
  foundationOf,
  parsed,
  replaced,
  second,
  third,
} from "./stack.test.support.ts";

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
  /** What `t` ends with, and what read() adds to it. */
  const textOf = (last: number, more: number): string => `int start(void);
static int other(int n) { return n + 7; }
${storage} int t[] = { 1, ${last} };
static int read(int n) { return t[n] + ${more}; }
int start(void) { return read(other(-7)); }
`;
  const [old, changed, reader] = [textOf(2, 0), textOf(3, 0), textOf(3, 5)];

  buildTest(`buildFix() goes on with a ${storage} that a payload below has changed`, async (t) => {
    const base = makeBuildOf(t, { [file]: old });
    const one = await build([old, changed], [], {}, base);
    const copy = exported(parsed(one), /(^|#)t$/);
    const two = parsed(await build([changed, reader], [one], {}, base));
    assert.ok(two.needs.includes(copy), two.needs.join());
    if (storage === "static const") return;
    // From an object that the first fix did not reach.
    const elsewhere = `#include "generated.h"
#include "wide.h"
extern const int t[];
int kernel(void) { return wide() + t[1] + GENERATED; }
`;
    const foundation = foundationOf([one]);
    const options = base.options({ [kernelFile]: elsewhere }, { stacking: { foundation } });
    const three = parsed(await buildFix(options));
    assert.ok(three.needs.includes(copy), three.needs.join());
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

const original = "int start(void) { return 3; }\n";
/** Without a body, `tick` has 7 bytes: Xen's jump takes 5 of them, and 9 only behind an ENDBR64. */
const withTick = (body: string): string => `void tick(void);
void tick(void) { ${body} }
int start(void) { return 4; }
int ticked(void);
int ticked(void) { tick(); return 1; }
`;

buildTest("buildFix() replaces a function of 7 bytes that a payload below brought", async (t) => {
  const base = makeBuildOf(t, { [file]: original });
  // It changes something that the hypervisor runs, too, or there would be no payload.
  const one = await build([original, withTick("")], [], {}, base);
  const longer = withTick("static int count; count++;");
  const two = parsed(await build([withTick(""), longer], [one], {}, base));
  const replacements = two.functions.filter(({ kind }) => kind === "replace");
  assert.deepEqual(
    replacements.map(({ oldSize }) => oldSize),
    [7],
  );
});
