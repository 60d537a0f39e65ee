// Payloads that carry old code, among others: beside each other, on top of one, or with one that they
// require, in right and wrong orders. Played by scenarios.ts. Not a test.

import assert from "node:assert/strict";
import { HostError } from "../../../src/host/errors.ts";
import { describeDifference } from "../../../src/probe/words.ts";
import { Errno } from "../../../src/xen-abi/errno.ts";
import { deepOffset, idle, makeGuarded, makeNop, withOtherMarker } from "../guard-payloads.ts";
import { actOptions, call } from "../host-under-test.ts";
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

export const othersScenarios: GuardScenarios = {
  "takes independent payloads in any order, unless they overlap": anyOrder,
  "tolerates a replaced function that is merely relied on": relies,
  "goes on top of a known payload, and nowhere else": stacksOn,
  "asks whether another payload, with just this content, is applied now": markers,
};

async function anyOrder(bench: GuardBench): Promise<void> {
  const [one, two] = [f, g].map((name, index) =>
    makeGuarded(bench.xen, { number: 10 + index, replaces: [name] }),
  );
  const both = makeGuarded(bench.xen, { number: 12, replaces: [g, h] });
  assert.ok(one && two);
  for (const [name, { bytes }] of Object.entries({ one, two, both })) {
    await upload(bench, name, bytes);
  }
  for (const [first, second] of [
    ["one", "two"],
    ["two", "one"],
  ] as const) {
    await apply(bench, first);
    await assert.rejects(bench.host.act("apply", second, actOptions), /depends on something other/);
    await apply(bench, second, independent);
    await isRefused(bench, "both", /do_kexec_op_internal\+\d$/);
    await act(bench, second, "revert");
    await act(bench, first, "revert");
  }
  await apply(bench, "both");
  await apply(bench, "one", independent);
  await isRefused(bench, "two", /do_kexec_op_internal\+\d$/);
}

async function relies(bench: GuardBench): Promise<void> {
  await upload(bench, "g", makeGuarded(bench.xen, { number: 20, replaces: [g] }).bytes);
  const relying = makeGuarded(bench.xen, { number: 21, replaces: [f], relies: [g] });
  await upload(bench, "relying", relying.bytes);
  await apply(bench, "g");
  await apply(bench, "relying", independent);
  await act(bench, "relying", "revert");
  await act(bench, "g", "revert", "unload");
  await upload(bench, "nop", makeNop(bench.xen, g, deepOffset(bench.xen, g)));
  await apply(bench, "nop");
  await isRefused(bench, "relying", /do_kexec_op_internal\+\d+$/);
}

async function stacksOn(bench: GuardBench): Promise<void> {
  const base = makeGuarded(bench.xen, { number: 30, replaces: [f] });
  const wish = { number: 31, replaces: [f], below: [f], depends: base, mode: "stack" } as const;
  await upload(bench, "top", makeGuarded(bench.xen, wish).bytes);
  await isRefused(bench, "top", /dump_domains\+\d$/);
  await upload(bench, "base", base.bytes);
  await apply(bench, "base");
  await apply(bench, "top");
  await assert.rejects(bench.host.act("revert", "base", actOptions));
}

async function markers(bench: GuardBench): Promise<void> {
  const { host, xen } = bench;
  const base = makeGuarded(xen, { number: 40, replaces: [f] });
  const wish = { number: 41, replaces: [f], below: [f], requires: [base] } as const;
  const { bytes } = makeGuarded(xen, wish);
  await assert.rejects(host.upload("top", bytes, call), (error) => {
    return error instanceof HostError && error.errno === Errno.ENOENT;
  });
  await upload(bench, "base", base.bytes);
  await upload(bench, "top", bytes);
  await isRefused(bench, "top", /^payload [0-9a-f]{40}, applied$/);
  const idleProbe = await probe(bench, bytes);
  assert.ok(idleProbe.kind === "different");
  const [first] = idleProbe.differences.flatMap((one) => describeDifference(one, "x86_64"));
  assert.match(first ?? "", /is loaded and not applied/);
  await apply(bench, "base");
  assert.equal((await probe(bench, bytes)).kind, "as-expected");
  await apply(bench, "top", independent);
  await act(bench, "top", "revert");
  await act(bench, "base", "revert");
  await isRefused(bench, "top", /applied$/);
  await act(bench, "top", "unload");
  await act(bench, "base", "unload");
  await upload(bench, "other", withOtherMarker(base));
  await apply(bench, "other");
  await upload(bench, "top", bytes);
  await isRefused(bench, "top", /applied$/);
  await assert.rejects(probe(bench, bytes, "replace"), /Xen reverts it first/);
}
