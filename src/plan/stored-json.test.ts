import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hookKinds } from "../xen-abi/hooks.ts";
import { unknownFacts } from "./facts.ts";
import type { PayloadFacts } from "./facts-form.ts";
import type { Journal } from "./journal-form.ts";
import { decodeJournal, encodeJournal } from "./journal-json.ts";
import { PlanError } from "./obstacle.ts";
import { PLAN_VERSION, type Plan } from "./plan-form.ts";
import { decodePlan, requireSealed, sealPlan } from "./plan-json.ts";

const facts: PayloadFacts = {
  buildId: "b1",
  depends: "aa",
  xenDepends: "aa",
  mode: "independent",
  guard: "full",
  functions: ["alpha", "file.c#beta"],
  replaces: [{ symbol: "alpha", start: 0n, sizeBytes: 64 }],
  writes: [{ symbol: undefined, start: 0xffff82d040200004n, sizeBytes: 1 }],
  guards: [{ symbol: "marker.of#other", start: -1n, sizeBytes: 31 }],
  jumps: [{ symbol: "alpha", start: 4n, sizeBytes: 5 }],
  nops: "none",
  marker: "mark",
  requires: ["c1"],
  exports: ["mark"],
  imports: ["alpha"],
  hooks: hookKinds,
  kept: ["callback"],
  lingers: ["idle_loop"],
  parks: ["play_dead"],
  sleeps: ["hvm_copy"],
  data: "writable",
  metadata: ["title=a fix, with ä", ""],
};
const alice = { by: "alice", from: "desk" };
const began = { action: "apply", name: "stranger", at: "2026-01-01T00:00:00.000Z" } as const;
const journal: Journal = {
  bootId: "boot",
  scene: {
    loaded: [
      { name: "fix", facts, history: "reverted" },
      { name: "stranger", facts: unknownFacts, history: "unknown" },
    ],
    stack: ["stranger"],
  },
  pending: { action: "upload", name: "next", facts, at: "2026-01-01T00:00:00.000Z", ...alice },
  former: ["fix", "stranger"],
  goal: ["next"],
  lifted: ["fix"],
  log: [{ ...began, by: undefined, from: undefined, stack: undefined, result: undefined }],
  past: [{ ...began, ...alice, stack: ["stranger"], result: "host/refused" }],
};
const plan: Plan = {
  version: PLAN_VERSION,
  fingerprint: "f1",
  host: { xenBuildId: "aa", bootId: undefined },
  steps: [
    {
      action: "upload",
      name: "fix",
      buildId: "b1",
      source: "fix.livepatch",
      functions: [],
      unknown: [],
    },
    {
      action: "apply",
      name: "fix",
      buildId: undefined,
      dependencyCheck: "hypervisor-only",
      functions: [{ function: "alpha", change: "reverted", by: undefined }],
      unknown: ["fix"],
    },
  ],
  functions: [{ function: "alpha", change: "newly-patched", by: "fix" }],
  missing: [{ fix: { kind: "payload", name: "fix" }, fromStep: 1, toStep: 2, meanwhile: "other" }],
  whyMissing: ["a hook"],
  notices: [{ kind: "kept", name: "fix", words: "stays" }],
  quiesces: 1,
  stack: ["fix"],
};

test("decodeJournal() gives back what encodeJournal() was given", () => {
  assert.deepEqual(decodeJournal(encodeJournal(journal)), journal);
  const empty = {
    ...journal,
    pending: undefined,
    former: undefined,
    goal: undefined,
    lifted: undefined,
    scene: { loaded: [], stack: undefined },
    log: [],
    past: undefined,
  };
  assert.deepEqual(decodeJournal(encodeJournal(empty)), empty);
});

test("decodeJournal() takes no other version, and nothing that was cut short or damaged for a journal", () => {
  const text = encodeJournal(journal);
  assert.equal(decodeJournal(text.replace('"version":1', '"version":2')), undefined);
  for (let end = 0; end < text.length - 2; end += 7) {
    assert.equal(decodeJournal(text.slice(0, end)), undefined, `cut at ${end}`);
  }
  damage(text, (damaged) => void decodeJournal(damaged));
});

const file = { source: "fix.livepatch", bytes: Uint8Array.of(1, 2, 3) };
const other = { source: "other.livepatch", bytes: Uint8Array.of(4) };
const sealed = sealPlan(plan, [file, other]);

test("decodePlan() gives back what was printed", () => {
  const { digest, payloads, ...rest } = decodePlan(JSON.stringify(sealed), "plan.json");
  assert.deepEqual(rest, plan);
  assert.deepEqual([digest, payloads], [sealed.digest, sealed.payloads]);
  assert.deepEqual(
    payloads.map(({ source }) => source),
    [file.source],
    "what no step uploads is not of the plan",
  );
});

test("decodePlan() refuses a plan without its last step, and requireSealed() another file", () => {
  const shorter = { ...sealed, steps: sealed.steps.slice(0, -1) };
  assert.throws(() => decodePlan(JSON.stringify(shorter), "plan.json"), {
    message: /^Cannot follow the plan "plan\.json": it was changed after it was made\n/,
  });
  requireSealed(sealed, [file]);
  for (const wrong of [{ ...file, bytes: other.bytes }, other]) {
    assert.throws(() => requireSealed(sealed, [wrong]), {
      message: /livepatch" is not the file that it was made with\n/,
    });
  }
});

test("decodePlan() refuses what is damaged, and says which field", () => {
  const text = JSON.stringify(sealed);
  damage(text, (damaged) => {
    try {
      const { steps, stack } = decodePlan(damaged, "plan.json");
      assert.deepEqual([steps, stack], [sealed.steps, sealed.stack]);
    } catch (error) {
      assert.ok(error instanceof PlanError && error.report.code === "plan/bad-file", String(error));
    }
  });
  const bad = text.replace('"action":"apply"', '"action":"jump"');
  assert.throws(() => decodePlan(bad, "plan.json"), /plan.json.*steps\[1\]\.action is "jump"/);
  assert.throws(() => decodePlan("[]", "plan.json"), /version is missing/);
});

/** One character is another, at random places. */
function damage(text: string, read: (damaged: string) => void): void {
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom(...'0"{}[],:\\ax-'), (at, character) => {
      read(text.slice(0, at) + character + text.slice(at + 1));
    }),
    { numRuns: 2000 },
  );
}
