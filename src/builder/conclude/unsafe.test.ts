// Functions that Xen runs while it patches, and those that CPUs stand in meanwhile.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { parsePayload } from "../../payload/parse.ts";
import { readStackingFacts } from "../../payload/stacking.ts";
import { makeBuildOf, patchFrom, type SomeOptions } from "../build.test.support.ts";
import { buildFix } from "../build.ts";

const startFile = "xen/common/start.c";
const kept = "__attribute__((noinline))";
const start = (nmi: string, idle: string, other = "return 1;") => `
  int start(void) { return 3; }
  volatile int state;
  ${kept} int do_nmi(int n) { state = n; ${nmi} return n * 3; }
  ${kept} void check_for_livepatch_work(void) { state++; }
  ${kept} int idle_loop(void) { state = 7; ${idle} check_for_livepatch_work(); return state; }
  ${kept} void default_dead_idle(void) { __asm__ volatile("hlt"); state = 5; }
  ${kept} int plain(void) { state = 9; ${other} }
`;
const small = makeBuildOf({ after }, { [startFile]: start("", "") });

const build = (text: string, allowed?: SomeOptions["allowed"]) =>
  buildFix(
    small.options(
      {},
      {
        inputs: { patches: [patchFrom(startFile, start("", ""), text)] },
        ...(allowed && { allowed }),
      },
    ),
  );

buildTest(
  "buildFix() refuses what Xen runs while it patches, and says how to consent",
  async () => {
    const { refusals } = await build(start("state++;", ""));
    assert.deepEqual(
      refusals.map(({ rule, what }) => `${rule} ${what}`),
      ['unsafe-path function "do_nmi"'],
    );
    assert.match(refusals[0]?.remedy ?? "", /--allow-unsafe do_nmi$/);
  },
);

buildTest("buildFix() takes it by consent, which metadata, report and warnings keep", async () => {
  const unsafe = ["do_nmi", "other"];
  const { payload, allowed, warnings } = await build(start("state++;", ""), { unsafe });
  assert.ok(payload);
  const standing = { lingers: ["do_nmi"], parks: [], sleeps: [], unsafe: ["do_nmi"] };
  assert.deepEqual(payload.standing, standing);
  const facts = readStackingFacts(parsePayload(payload.bytes, "fix").metadata);
  assert.deepEqual([facts.unsafe, facts.lingers], [["do_nmi"], ["do_nmi"]]);
  assert.deepEqual(
    allowed.map(({ option }) => option),
    ["--allow-unsafe do_nmi"],
  );
  assert.match(warnings, /warning: "do_nmi" cannot be replaced safely: .*non-maskable/);
  assert.match(warnings, /--allow-unsafe "other" has no effect/);
});

buildTest("buildFix() replaces what CPUs wait in, and tells that an unload waits", async () => {
  const { payload, refusals, warnings } = await build(start("", "state++;"));
  assert.deepEqual(refusals, []);
  const standing = { lingers: ["idle_loop"], parks: [], sleeps: [], unsafe: [] };
  assert.deepEqual(payload?.standing, standing);
  assert.match(warnings, /note: CPUs may wait in "idle_loop" while Xen patches/);
});

buildTest("buildFix() replaces what offline CPUs sleep in, and tells that it stays", async () => {
  const text = start("", "").replace("state = 5", "state = 6");
  const { payload, warnings } = await build(text);
  assert.deepEqual(payload?.standing.parks, ["default_dead_idle"]);
  assert.match(warnings, /warning: a CPU may stay in "default_dead_idle"/);
});

buildTest("buildFix() sees new code that waits where the old one did not", async () => {
  const { payload } = await build(start("", "", "check_for_livepatch_work(); return 1;"));
  assert.deepEqual(payload?.standing.lingers, ["plain"]);
});

buildTest("buildFix() says nothing where no CPU stands", async () => {
  const { payload, warnings } = await build(start("", "", "state++; return 2;"));
  assert.deepEqual(payload?.standing, { lingers: [], parks: [], sleeps: [], unsafe: [] });
  assert.doesNotMatch(warnings, /CPU/);
});
