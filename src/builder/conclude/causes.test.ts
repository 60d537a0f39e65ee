// Which refusals of a fix only follow from another one: causes come first.

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { createTwoFilesPatch } from "diff";
import { buildTest } from "../../../test/why-no-build.ts";
import type { PatchInput } from "../../source-patch/patch-file.ts";
import { kernelFile, makeBuildOf, patchFrom } from "../build.test.support.ts";
import { buildFix } from "../build.ts";

const stateFile = "xen/include/wide.h";
/** `holder` has a `state` inside; both live in a global variable that all objects know. */
const stateHeader = `struct state {
    int a;
    int b;
    int c;
};
struct holder {
    struct state inner;
    int last;
};
extern struct holder all;
static inline int wide(void)
{
    return all.last;
}
`;
const init = '__attribute__((used, section(".init.text")))';
const stateKernel = `#include "generated.h"
#include "wide.h"
#ifndef kernel
struct holder all;
#endif
int kernel(void)
{
    return wide() + all.inner.a;
}
static ${init} int setup(void)
{
    return all.inner.c;
}
`;

/** @param way `back`: the hypervisor has the changes, and the fix takes them away */
async function buildState(
  t: TestContext,
  changes: readonly (readonly [string, string])[],
  way: "on" | "back" = "on",
  brought: readonly PatchInput[] = [],
) {
  const plain: Readonly<Record<string, string>> = {
    [stateFile]: stateHeader,
    [kernelFile]: stateKernel,
  };
  const changed: typeof plain = Object.fromEntries(
    Object.entries(plain).map(([path, text]) => [
      path,
      changes.reduce((done, [from, to]) => done.replace(from, to), text),
    ]),
  );
  const [sources, fixed] = way === "on" ? [plain, changed] : [changed, plain];
  const base = makeBuildOf(t, sources);
  const patches = Object.entries(sources).flatMap(([path, old]) => {
    const text = fixed[path] ?? old;
    return text === old ? [] : patchFrom(path, old, text, `${path.replaceAll("/", "-")}.patch`);
  });
  const inputs = { patches: [...patches, ...brought] };
  const fix = await buildFix(base.options({}, { inputs }));
  return fix.refusals.map(({ rule, what, reasons, consequences, causes }) => ({
    name: `${rule} ${what}`,
    own: reasons[0],
    consequences,
    causes: causes?.map((cause) => `${cause.rule} ${cause.what}`),
  }));
}

buildTest("buildFix() tells the cause first, and what only follows from it behind", async (t) => {
  const told = await buildState(t, [
    ["int a;", "int a;\n    int more;"],
    ["inner.a;", "inner.a + all.inner.more;"],
  ]);
  const [first, ...others] = told;
  assert.deepEqual(first, {
    name: "layout struct state",
    own: '"more" is new (offset 4, int)',
    consequences: [
      "its size is 12 → 16 bytes",
      '"b" is at offset 4, int → offset 8, int',
      '"c" is at offset 8, int → offset 12, int',
    ],
    causes: [],
  });
  const following = ["layout struct holder", 'data-size variable "all"'];
  for (const name of [...following, 'init-code function "setup"']) {
    assert.deepEqual(
      others.find((one) => one.name === name)?.causes,
      ["layout struct state"],
      name,
    );
  }
});

buildTest(
  "buildFix() tells the cause first, also where types and functions are gone",
  async (t) => {
    const told = await buildState(
      t,
      [
        ["struct state {", "struct state {\n    enum cache cache;"],
        ["struct state {", "enum cache { NEVER, ON, OFF };\n\nstruct state {"],
        [
          "static inline int wide",
          "static inline int is_on(void)\n{\n    return all.inner.cache == ON;\n}\n\nstatic inline int wide",
        ],
      ].map(([from = "", to = ""]): [string, string] => [from, to]),
      "back",
    );
    const own = told.filter(({ causes }) => causes?.length === 0).map(({ name }) => name);
    assert.deepEqual(own, ["layout struct state"]);
    assert.ok(told.some(({ name }) => name === 'init-code function "setup"'));
  },
);

buildTest("buildFix() tells the cause first, also where the fix brings a header", async (t) => {
  const header = "#define ONE_MORE 1\nstruct count {\n    int number;\n};\n";
  const path = "xen/include/count.h";
  const text = createTwoFilesPatch("/dev/null", `b/${path}`, "", header);
  const told = await buildState(
    t,
    [
      ["struct state {", '#include "count.h"\nstruct state {'],
      ["int a;", "int a;\n    struct count more;"],
      ["inner.a;", "inner.a + all.inner.more.number + ONE_MORE;"],
    ],
    "on",
    [{ name: "header.patch", bytes: Buffer.from(text) }],
  );
  const own = told.filter(({ causes }) => causes?.length === 0).map(({ name }) => name);
  assert.deepEqual(own, ["layout struct state"]);
});

buildTest("buildFix() takes nothing for a consequence that the fix changes itself", async (t) => {
  const told = await buildState(t, [
    ["int a;", "int a;\n    int more;"],
    ["int last;", "long last;"],
    ["inner.c;", "inner.c + 1;"],
  ]);
  const own = told.filter(({ causes }) => causes?.length === 0).map(({ name }) => name);
  assert.deepEqual(
    ["layout struct holder", "layout struct state", 'init-code function "setup"'].filter(
      (name) => !own.includes(name),
    ),
    [],
  );
});

buildTest("buildFix() takes nothing for a consequence when a macro changes too", async (t) => {
  const told = await buildState(t, [
    ["int a;", "int a;\n    int more;"],
    ["struct holder {", "#define LAST last\nstruct holder {"],
    ["int last;", "int LAST;"],
  ]);
  assert.ok(told.length > 2 && told.every(({ causes }) => causes?.length === 0));
});
