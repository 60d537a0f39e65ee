import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { kernel, kernelFile, makeBuildOf, patchFrom } from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import type { AllowedNames } from "../build-options.ts";

// Another file includes this one, so what is global is defined once.
const old = `static __attribute__((used, section(".init.text"))) int setup(void) { return 1; }
struct state { int a; };
#ifdef kernel
extern struct state state;
#else
struct state state = { 1 };
#endif
static int counted;
${kernel.replace("wide()", "state.a + counted++")}`;

/** Without a payload, what is left of the fix. */
async function leftOf(
  t: TestContext,
  changes: readonly (readonly [from: string, to: string])[],
  allowed: Partial<AllowedNames>,
) {
  const text = changes.reduce((text, [from, to]) => text.replaceAll(from, to), old);
  const base = makeBuildOf(t, { [kernelFile]: old });
  const patches = [patchFrom(kernelFile, old, text)];
  const fix = await buildFix(base.options({}, { inputs: { patches }, allowed }));
  assert.deepEqual(fix.refusals, []);
  const names = fix.allowed.map(({ what, option }) => `${what} by ${option}`);
  return [fix.outcome, ...new Set(names)];
}

buildTest("buildFix() names what --allow-init leaves out, when nothing else is left", async (t) => {
  const left = await leftOf(t, [["return 1", "return 2"]], { init: ["setup"] });
  assert.deepEqual(left, ["left-out", 'function "setup" by --allow-init setup']);
});

buildTest(
  "buildFix() names the type that --allow-layout lets pass, when no code is left",
  async (t) => {
    const changes = [["int a;", "union { int a; int b; };"]] as const;
    const left = await leftOf(t, changes, { layouts: ["state"] });
    assert.deepEqual(left, ["left-out", 'struct state by --allow-layout "state"']);
  },
);

buildTest("buildFix() says that nothing differs when nothing had to be allowed", async (t) => {
  const left = await leftOf(t, [["return 1;", "return 1; /* one */"]], { init: ["setup"] });
  assert.deepEqual(left, ["unchanged"]);
});

buildTest("buildFix() names what is left out beside what the payload carries", async (t) => {
  const changes = [
    ["return 1", "return 2"],
    ["state.a +", "2 * state.a +"],
  ] as const;
  const left = await leftOf(t, changes, { init: ["setup"] });
  assert.deepEqual(left, ["built", 'function "setup" by --allow-init setup']);
});
