// A host on the model of a small hypervisor, each action on which is written down in its journal; and three
// payloads beside each other, for any order. Not a test.

import assert from "node:assert/strict";
import type { ModelHost } from "../src/hosts/model.ts";
import { parsePayload } from "../src/payload/parse.ts";
import { factsOfPayload } from "../src/plan/facts.ts";
import { JournalledHost } from "../src/plan/journalled-host.ts";
import { makeIndependentUniverse } from "./plan-universe.ts";

export const call = { deadlineMs: 60_000 };
export const free = { ...call, dependencyCheck: "hypervisor-only", quiesceMs: 30 } as const;

const [first, second, third] = makeIndependentUniverse(501);
assert.ok(first && second && third);
export const [alpha, beta, gamma] = [first, second, third];

export function journalled(host: ModelHost, trouble: unknown[] = [], aside: string[] = []) {
  return JournalledHost.around(host, {
    now: () => new Date("2026-01-01T00:00:00Z"),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => trouble.push(error),
    onSetAside: (place) => aside.push(place),
  }).host;
}
