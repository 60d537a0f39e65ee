// What Xen makes of the old code that a payload carries: it lets the payload in, again and again, or refuses
// it for one byte. Played by scenarios.ts. Not a test.

import assert from "node:assert/strict";
import { deepOffset, idle, makeGuarded, makeNop } from "../guard-payloads.ts";
import { call } from "../host-under-test.ts";
import {
  act,
  apply,
  type GuardBench,
  type GuardScenarios,
  independent,
  isRefused,
  probe,
  upload,
} from "./bench.ts";

const { f, g, h } = idle;

export const compareScenarios: GuardScenarios = {
  "lets a payload in whose old code is there, again and again": appliesAndReverts,
  "refuses one wrong byte deep in a function, and changes nothing": refusesWrongByte,
  "notices one byte that another payload changed, where an entry guard does not": seesNop,
};

async function appliesAndReverts(bench: GuardBench): Promise<void> {
  const { bytes } = makeGuarded(bench.xen, { number: 1, replaces: [f, g], relies: [h] });
  assert.equal((await probe(bench, bytes)).kind, "as-expected");
  assert.deepEqual(await bench.host.list(call), []);
  const before = await bench.hashText();
  await upload(bench, "right", bytes);
  for (let round = 0; round < 2; round++) {
    await act(bench, "right", "apply");
    assert.notEqual(await bench.hashText(), before);
    await act(bench, "right", "revert");
    assert.equal(await bench.hashText(), before);
  }
}

async function refusesWrongByte(bench: GuardBench): Promise<void> {
  const offset = deepOffset(bench.xen, g);
  const wrong = { name: g, offset };
  const { bytes } = makeGuarded(bench.xen, { number: 2, replaces: [f, g], wrong });
  await upload(bench, "wrong", bytes);
  await isRefused(bench, "wrong", /do_kexec_op_internal\+\d+$/);
  const result = await probe(bench, bytes);
  assert.ok(result.kind === "different");
  assert.deepEqual(
    result.differences.map((one) => [one.functionName, one.offset, one.suspects]),
    [[g, offset, []]],
  );
}

async function seesNop(bench: GuardBench): Promise<void> {
  const offset = deepOffset(bench.xen, f);
  await upload(bench, "nop", makeNop(bench.xen, f, offset));
  await upload(bench, "full", makeGuarded(bench.xen, { number: 3, replaces: [f] }).bytes);
  const entry = makeGuarded(bench.xen, { number: 4, replaces: [f], guard: "entry" });
  await upload(bench, "entry", entry.bytes);
  await apply(bench, "nop");
  await isRefused(bench, "full", /dump_domains\+\d+$/);
  await apply(bench, "entry", independent);
}
