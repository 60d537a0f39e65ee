// Records in the store's own form.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FleetError } from "./errors.ts";
import { facts, orderOf, planOf, shows, TO } from "./fleet.test.support.ts";
import type { Key, Kind, Records } from "./store.ts";
import { decodeRecord, encodeRecord } from "./stored-json.ts";

const records: { readonly [Of in Kind]: Records[Of] } = {
  session: { beat: 3, isOver: false },
  claim: { holder: undefined, token: 4 },
  facts: facts(TO, 0)[1],
  order: orderOf({ status: "ended", outcome: "done", shows: shows(TO), token: 2 }),
  ledger: { token: 1, grants: { x1: { rollout: "r1", number: 1 } } },
  plan: planOf([["x1/a"], ["x2/b"]], { check: "./check" }),
  rollout: { token: 1, phase: "soaking", wave: 0, since: 5, after: undefined, reason: undefined },
  wanted: { wanted: "pause" },
};

test("decodeRecord() reads what encodeRecord() writes, of each kind", () => {
  for (const kind of Object.keys(records) as Kind[]) {
    const text = encodeRecord(records[kind]);
    assert.deepEqual(decodeRecord({ kind, name: "x" }, text), records[kind], kind);
  }
});

test("decodeRecord() refuses what is cut short, of another kind, or of a newer format, and names the key", () => {
  const key: Key<"order"> = { kind: "order", name: "x1" };
  const text = encodeRecord(records.order);
  const bad = [
    "",
    "null",
    "{}",
    text.slice(0, -2),
    encodeRecord(records.facts),
    text.replace('"format":1', '"format":2'),
  ];
  for (const one of bad) {
    assert.throws(
      () => decodeRecord(key, one),
      (error) => error instanceof FleetError && error.report.where === "order.x1",
      one,
    );
  }
});
