import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildReport } from "../../builder/report.ts";
import { renderReport } from "./build-report.ts";

const nothing = {
  outcome: "unchanged",
  refusals: [],
  allowed: [],
  functions: [],
  hooks: [],
  files: [],
};
const made = {
  compiler: { comparison: "the same" },
  timings: { totalMs: 0, ownMs: 0 },
  objects: [],
};

/** Of a build that made no payload; what the text does not show is left out. */
function textOf(more: Partial<BuildReport>): string {
  const report = {
    ...nothing,
    ...made,
    inputs: { patches: {} },
    ...more,
  } as unknown as BuildReport;
  return renderReport(report, { output: "fix.livepatch", report: undefined });
}

test("renderReport() does not say that the same runs when something is left out", () => {
  const allowed = [
    { what: 'function "setup"', objects: ["common/a.o"], option: "--allow-init setup" },
    { what: "struct s", objects: ["a.o", "b.o", "c.o"], option: '--allow-layout "struct s"' },
  ];
  const [first, ...lines] = textOf({ outcome: "left-out", allowed }).split("\n");
  assert.equal(first, "Nothing to patch: what remains is what you allowed to be left out");
  assert.deepEqual(lines.slice(0, 2), [
    '  function "setup" of common/a.o: --allow-init setup',
    '  struct s of a.o and 2 more: --allow-layout "struct s"',
  ]);
  assert.match(textOf({}), /^Nothing to patch: the hypervisor runs the same code and data/);
});

test("renderReport() says why an object comes along that the patch does not change", () => {
  const [skip, kernel] = [
    { object: "lib/skip.o", broughtFor: "f needs it" },
    { object: "kernel.o" },
  ];
  const objects = [skip, kernel] as unknown as BuildReport["objects"];
  const lines = textOf({ outcome: "built", objects }).split("\n");
  const carried = lines.filter((line) => line.startsWith("carries"));
  assert.deepEqual(carried, ["carries   lib/skip.o: f needs it"]);
});

test("renderReport() does not count bytes of old code where there is none", () => {
  const guard = { level: "full", entries: 0, comparedBytes: 0, unguarded: [] };
  const stacking = { mode: "independent", guard, below: [], unchecked: [] };
  const text = textOf({ outcome: "built", payload: {}, stacking } as unknown as BuildReport);
  assert.match(text, /\nguard +full: there is no old code for Xen to compare\n/);
});
