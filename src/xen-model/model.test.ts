// What the actions do, one after the other, and what Xen answers. Hooks have hook-action.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../bytes/hex.ts";
import { Errno } from "../xen-abi/errno.ts";
import type { ActionRequest } from "./actions.ts";
import { ModelError } from "./errors.ts";
import type { XenModel } from "./model.ts";
import {
  idOf,
  type SyntheticPayload,
  syntheticHypervisor,
  syntheticModel,
  syntheticPayload,
  TEXT_START,
} from "./synthetic.test.support.ts";

const EAGAIN = -Errno.EAGAIN;
const EINVAL = -Errno.EINVAL;

test("XenModel applies a payload as a jump, and reverts it to the byte", () => {
  const model = syntheticModel();
  upload(model, "a", { id: "01", entries: [{ old: "alpha", by: "a_alpha" }] });
  const before = bytesAt(model, TEXT_START, 16);
  assert.equal(act(model, "apply", "a"), "done");
  const target = model.payload("a")?.placement.base ?? 0n;
  const jump = new DataView(new ArrayBuffer(4));
  jump.setInt32(0, Number(target - (TEXT_START + 5n)), true);
  const expected = `e9${toHex(new Uint8Array(jump.buffer))}${before.slice(10)}`;
  assert.equal(bytesAt(model, TEXT_START, 16), expected);
  assert.equal(act(model, "revert", "a"), "done");
  assert.equal(bytesAt(model, TEXT_START, 16), before);
});

test("XenModel jumps behind an ENDBR64, on releases that know it", () => {
  const marked = syntheticHypervisor().lookup("marked") ?? 0n;
  for (const [release, at] of [
    ["4.17.5", 4],
    ["4.16.0", 0],
  ] as const) {
    const model = syntheticModel(release);
    upload(model, "a", { id: "01", entries: [{ old: "marked", by: "a_marked" }] });
    act(model, "apply", "a");
    assert.equal(bytesAt(model, marked, 16).indexOf("e9"), at * 2, release);
  }
});

test("XenModel keeps a stack: only the newest payload can be reverted", () => {
  const model = stackOfTwo();
  assert.equal(act(model, "revert", "a"), "refused EBUSY");
  assert.deepEqual(model.console.at(-1), "a: can't unload. Top is b");
  assert.equal(act(model, "unload", "a"), "refused EINVAL");
  assert.equal(act(model, "revert", "b"), "done");
  assert.equal(act(model, "revert", "a"), "done");
});

test("XenModel wants a payload to depend on the one applied last, unless told not to", () => {
  const model = syntheticModel();
  upload(model, "a", { id: "01", entries: [{ old: "alpha", by: "a_alpha" }] });
  upload(model, "b", { id: "02", entries: [{ old: "beta", by: "b_beta" }] });
  act(model, "apply", "a");
  assert.equal(act(model, "apply", "b"), "refused EINVAL");
  assert.equal(act(model, "apply", "b", "hypervisor-only"), "done");
});

test("XenModel replaces everything by one payload, and never takes it back", () => {
  const model = stackOfTwo();
  upload(model, "c", { id: "03", entries: [{ old: "gamma", by: "c_gamma" }] });
  assert.equal(act(model.fork(), "replace", "c"), "done");
  upload(model, "d", { id: "04", entries: [{ old: "gamma", by: "d_gamma", expectation: "00" }] });
  assert.equal(act(model, "replace", "d"), "failed EINVAL");
  assert.deepEqual(model.applied, []);
  assert.deepEqual(
    model.list().map(({ name, state, rc }) => [name, state, rc]),
    [
      ["a", "checked", 0],
      ["b", "checked", 0],
      ["c", "checked", 0],
      ["d", "checked", EINVAL],
    ],
  );
});

test("XenModel refuses REPLACE by a payload that stands on another", () => {
  const model = stackOfTwo();
  upload(model, "c", { id: "03", depends: idOf("02"), entries: [{ old: "beta", by: "c_beta" }] });
  assert.equal(act(model, "replace", "c"), "refused EINVAL");
  assert.deepEqual(model.applied, ["a", "b"]);
});

test("XenModel says yes to an action in the wrong state, and does nothing", () => {
  const model = syntheticModel();
  upload(model, "a", { id: "01", entries: [{ old: "alpha", by: "a_alpha" }] });
  assert.equal(act(model, "revert", "a"), "nothing");
  act(model, "apply", "a");
  assert.equal(act(model, "apply", "a"), "nothing");
  assert.equal(act(model, "replace", "a"), "nothing");
});

test("XenModel applies a payload with data of its own only once, and tells by rc alone", () => {
  const model = syntheticModel();
  upload(model, "a", { id: "01", data: true, entries: [{ old: "alpha", by: "a_alpha" }] });
  act(model, "apply", "a");
  act(model, "revert", "a");
  assert.equal(act(model, "apply", "a"), "nothing");
  assert.equal(model.status("a")?.rc, EINVAL);
});

test("XenModel has one slot for work, and a payload that finds it taken stays in progress", () => {
  const model = syntheticModel();
  upload(model, "a", { id: "01", entries: [{ old: "alpha", by: "a_alpha" }] });
  upload(model, "b", { id: "02", entries: [{ old: "beta", by: "b_beta" }] });
  const request = { action: "apply", dependencyCheck: "whole-chain" } as const;
  assert.equal(model.begin({ ...request, name: "a" }).kind, "accepted");
  assert.equal(model.status("a")?.rc, EAGAIN);
  assert.equal(answerOf(model.begin({ ...request, name: "a" })), "refused EBUSY");
  assert.equal(answerOf(model.begin({ ...request, name: "b" })), "refused EBUSY");
  assert.equal(model.settle("missed")?.kind, "failed");
  assert.equal(model.status("a")?.rc, -Errno.EBUSY);
  assert.equal(model.status("b")?.rc, EAGAIN);
  assert.equal(act(model, "apply", "b"), "done");
});

test("XenModel lets a later payload use what an earlier one brought, until that is unloaded", () => {
  const model = syntheticModel();
  const more = {
    sections: [{ name: ".rodata.own", flags: "A", bytes: new Uint8Array(8) }],
    symbols: [{ name: "a_table", section: ".rodata.own" }],
  };
  upload(model, "a", { id: "01", entries: [{ old: "alpha", by: "a_alpha" }], more });
  const user = { symbols: [{ name: "a_table", section: 0 }] };
  const entries = [{ old: "beta", by: "b_beta" }];
  assert.equal(tryUpload(model, "b", { id: "02", entries, more: user }), "accepted");
  assert.equal(tryUpload(model, "c", { id: "03", entries, more }), "refused EEXIST");
  act(model, "unload", "a");
  assert.equal(tryUpload(model, "d", { id: "04", entries, more: user }), "refused ENOENT");
});

test("XenModel knows the death by an expectation in memory of a payload that is gone", () => {
  const model = syntheticModel();
  const code = { name: ".text.own", flags: "AX", bytes: new Uint8Array(8) };
  const symbols = [{ name: "a_code", section: ".text.own" }];
  const more = { sections: [code], symbols };
  upload(model, "a", { id: "01", entries: [{ old: "alpha", by: "a_alpha" }], more });
  const old = model.payload("a")?.exports[0];
  assert.equal(old?.name, "a_code");
  upload(model, "b", {
    id: "02",
    entries: [{ old: "a_code", by: { nopBytes: 0 }, oldSize: 8, expectation: "00" }],
  });
  assert.equal(act(model.fork(), "apply", "b"), "done");
  act(model, "unload", "a");
  assert.equal(act(model, "apply", "b"), "crash unmapped-memory");
  assert.throws(() => model.status("b"), ModelError);
});

test("XenModel.fork() gives a hypervisor that goes its own way", () => {
  const model = stackOfTwo();
  const fork = model.fork();
  act(fork, "revert", "b");
  act(fork, "revert", "a");
  act(fork, "unload", "a");
  assert.deepEqual(model.applied, ["a", "b"]);
  assert.deepEqual(fork.applied, []);
  assert.equal(fork.list().length, 1);
  assert.notEqual(bytesAt(model, TEXT_START, 5), bytesAt(fork, TEXT_START, 5));
});

test("XenModel judges a stack of 100 payloads", () => {
  const model = syntheticModel();
  for (let index = 0; index < 100; index++) {
    const byte = (index + 2).toString(16).padStart(2, "0");
    const below = index === 0 ? {} : { depends: idOf((index + 1).toString(16).padStart(2, "0")) };
    upload(model, `p${index}`, {
      id: byte,
      entries: [{ old: "alpha", by: `p${index}_alpha` }],
      ...below,
    });
    assert.equal(act(model, "apply", `p${index}`), "done");
  }
  assert.equal(model.applied.length, 100);
});

function stackOfTwo(): XenModel {
  const model = syntheticModel();
  upload(model, "a", { id: "01", entries: [{ old: "alpha", by: "a_alpha" }] });
  upload(model, "b", { id: "02", depends: idOf("01"), entries: [{ old: "beta", by: "b_beta" }] });
  assert.equal(act(model, "apply", "a"), "done");
  assert.equal(act(model, "apply", "b"), "done");
  return model;
}

function upload(model: XenModel, name: string, payload: SyntheticPayload): void {
  assert.equal(tryUpload(model, name, payload), "accepted");
}

function tryUpload(model: XenModel, name: string, payload: SyntheticPayload): string {
  return answerOf(model.upload(name, syntheticPayload(payload)));
}

function act(
  model: XenModel,
  action: ActionRequest["action"],
  name: string,
  dependencyCheck: ActionRequest["dependencyCheck"] = "whole-chain",
): string {
  return answerOf(model.act({ action, name, dependencyCheck }));
}

type Answer = ReturnType<XenModel["upload"]> | ReturnType<XenModel["act"]>;

/** "done", "refused EBUSY", "crash unmapped-memory". */
function answerOf(answer: Answer): string {
  const errnoName = (errno: number) =>
    Object.entries(Errno).find(([, value]) => value === errno)?.[0] ?? errno;
  switch (answer.kind) {
    case "accepted":
      return "effect" in answer && answer.effect === "nothing" ? "nothing" : doneOr(answer);
    case "done":
      return "done";
    case "refused":
      return `refused ${errnoName(answer.errno)}`;
    case "failed":
      return `failed ${errnoName(answer.refusal.errno)}`;
    case "crash":
      return `crash ${answer.trap}`;
  }
}

function doneOr(answer: Answer): string {
  return "effect" in answer && answer.effect === "done" ? "done" : "accepted";
}

function bytesAt(model: XenModel, address: bigint, length: number): string {
  const found = model.read(address, length);
  assert.equal(found.kind, "bytes");
  return toHex(found.kind === "bytes" ? found.bytes : new Uint8Array());
}
