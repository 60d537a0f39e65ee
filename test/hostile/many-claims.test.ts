// Metadata that claims more than any payload has.

import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOfMetadata } from "../../src/plan/facts.ts";
import { replacesFunction } from "../../src/plan/piece.ts";
import { viewStack } from "../../src/plan/stack-view.ts";

test("replacesFunction() knows what metadata claims, and nothing where it claims nothing", () => {
  const claims = { facts: factsOfMetadata(["xsplice.functions=f,g"]) };
  const silent = { facts: factsOfMetadata([]) };
  const asked = ["f", "g", "h"].map((name) => replacesFunction(claims, name));
  assert.deepEqual(
    asked,
    ["f", "g", "h"].map((name) => claims.facts.functions?.includes(name) ?? false),
  );
  assert.equal(replacesFunction(silent, "f"), false);
});

test("viewStack() of payloads that claim 20,000 functions each takes no minute", () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `f${index}`);
  const facts = { ...factsOfMetadata([]), functions: names };
  const loaded = ["a", "b", "c"].map((name) => {
    return { name, facts, history: "never-reverted" as const, status: "applied" as const };
  });
  const startedAt = performance.now();
  const view = viewStack({
    xenBuildId: undefined,
    bootId: undefined,
    nodeps: "possible",
    loaded,
    stack: { kind: "known", names: ["a", "b", "c"], evidence: "journal" },
  } as unknown as Parameters<typeof viewStack>[0]);
  assert.deepEqual(view.applied[0]?.functions?.at(-1)?.overlappedBy, ["b", "c"]);
  assert.ok(performance.now() - startedAt < 5000);
});
