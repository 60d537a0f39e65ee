// Two static variables of one name in one function, in which only an inlined function changes: the text of the
// function that declares them says which is which.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../test/why-no-build.ts";
import { openElf } from "../elf/open.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { makeBuildOf, patchFrom, type SmallBuild } from "./build.test.support.ts";
import { buildFix } from "./build.ts";

const file = "xen/common/start.c";
const source = `#pragma GCC optimize("O2")
#define ONCE(work) ({ static char once = sizeof(#work); if ( !once++ ) work; })
int tell(int); int ask(int); int start(int x);
__attribute__((noipa)) int tell(int n) { return n; }
__attribute__((noipa)) int ask(int n) { return n + 1; }
static inline __attribute__((always_inline)) int limit(int x)
{
    return ask(x) == 3;
}

int start(int x)
{
    if ( limit(x) )
        ONCE(tell(1));
    else if ( !limit(x + 1) )
        ONCE(tell(1000));
    return ask(x);
}
`;
const small = makeBuildOf({ after }, { [file]: source });

/** Of what the payload refers to; the rules of refusals, if there are any. */
async function variablesUsed(text: string, on: SmallBuild = small): Promise<readonly string[]> {
  const patches = [patchFrom(file, source, text)];
  const { payload, refusals } = await buildFix(on.options({}, { inputs: { patches } }));
  if (payload === undefined) return [...new Set(refusals.map(({ rule }) => rule))];
  const object = openElf(payload.bytes, "fix");
  const used = object.sections.flatMap((section) =>
    relocationsOf(object, section).flatMap(({ symbol }) => object.symbols[symbol]?.name ?? []),
  );
  return [...new Set(used.filter((name) => name.includes("once")))].sort();
}

const limited = source.replace("return ask(x) == 3;", "return ask(x + ask(4)) > 3 || ask(5) == x;");

buildTest("buildFix() keeps both variables of a function that the patch leaves alone", async () => {
  const [first, second, ...more] = await variablesUsed(limited);
  assert.match(first ?? "", /start\.c#once\.\d+$/);
  assert.match(second ?? "", /start\.c#once\.\d+$/);
  assert.deepEqual(more, []);
});

for (const [what, text] of [
  ["the patch changes that function as well", limited.replace("limit(x + 1)", "limit(x + 2)")],
  ["the patch changes the macro that declares them", limited.replace("!once++", "once++ < 1")],
] as const) {
  buildTest(
    `buildFix() refuses variables that only their order tells apart where ${what}`,
    async () => {
      assert.deepEqual(await variablesUsed(text), ["ambiguous"]);
    },
  );
}
