// Fixes whose new functions the hypervisor gets a pointer to.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../test/why-no-build.ts";
import { parsePayload } from "../payload/parse.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import { kernelFile, makeBuildOf } from "./build.test.support.ts";
import { buildFix } from "./build.ts";

const startFile = "xen/common/start.c";
const start =
  "int (*xen_hook)(void);\nvoid *xen_lists[4];\nint start(void) { return 3; }\nint take(void *of) { return of != 0; }\n";

const small = makeBuildOf({ after }, { [startFile]: start });

/** A new body of `kernel`, and of `user`, which is made from the same file. */
const fixOf = (body: string) => ({
  [kernelFile]: `#include "generated.h"\n#include "wide.h"
extern int (*xen_hook)(void); extern void *xen_lists[]; int take(void *of);
static int fresh(void) { return 7; } static int state;
int kernel(void) { ${body} return wide() + GENERATED; }\n`,
});

async function build(body: string) {
  const { payload, warnings } = await buildFix(small.options(fixOf(body)));
  assert.ok(payload);
  const { kept } = readStackingFacts(parsePayload(payload.bytes, "fix").metadata);
  const told = warnings.split("\n").filter((line) => / takes the address of .* and /.test(line));
  return { kept, told };
}

buildTest(
  "buildFix() warns of a new function or variable that Xen keeps a pointer to",
  async () => {
    for (const [body, name, how] of [
      ["xen_hook = fresh;", "fresh", 'stores it in "xen_hook"'],
      ["xen_lists[wide()] = &state;", "state", "stores it in memory that is not the payload's own"],
      ["take(fresh);", "fresh", 'hands it to "take"'],
    ] as const) {
      const { kept, told } = await build(body);
      assert.ok(
        kept.some((one) => one.startsWith(name)),
        `${body}: ${kept}`,
      );
      assert.equal(told.length, 2, told.join("\n"));
      assert.ok(
        told.every((line) => line.startsWith("warning: ") && line.includes(how)),
        told[0],
      );
    }
  },
);

buildTest("buildFix() says nothing of a pointer that stays with the payload", async () => {
  for (const body of [
    "static int (*mine)(void); mine = fresh; state = mine();",
    "if ( xen_hook == fresh ) state++;",
    "int (*volatile local)(void) = fresh; state = local();",
    "take(&state);",
  ]) {
    assert.deepEqual(await build(body), { kept: [], told: [] }, body);
  }
});
