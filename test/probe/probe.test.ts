// Probing, on the model of a small hypervisor; test/lab/guard/ does it on real ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { XspliceError } from "../../src/error.ts";
import type { LivepatchHost } from "../../src/host/host.ts";
import { ModelHost } from "../../src/hosts/model.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { PROBE_NAME_PREFIX, probeHost } from "../../src/probe/probe.ts";
import { describeDifference } from "../../src/probe/words.ts";
import { syntheticModel, syntheticPayload } from "../../src/xen-model/synthetic.test.support.ts";
import { code, guarded, guardOf, independent, options } from "./guarded.ts";

function probe(host: LivepatchHost, bytes: Uint8Array, purpose: "apply" | "replace" = "apply") {
  return probeHost(host, { payload: parsePayload(bytes, "fix"), purpose }, options);
}

const codeOf = (code: string) => (error: unknown) =>
  error instanceof XspliceError && error.report.code === code;

test("probeHost() finds the code that a payload expects, and leaves nothing on the host", async () => {
  const host = new ModelHost(syntheticModel());
  const result = await probe(host, guarded(["alpha", "beta"]));
  assert.deepEqual(result, { kind: "as-expected", functions: 2, comparedBytes: 2 * code.length });
  assert.deepEqual(await host.list(), []);
});

test("probeHost() probes for a payload that is loaded already, also while it is applied", async () => {
  const host = new ModelHost(syntheticModel());
  const bytes = guarded(["alpha"]);
  await host.upload("fix", bytes);
  assert.equal((await probe(host, bytes)).kind, "as-expected");
  await host.act("apply", "fix", independent);
  const result = await probe(host, bytes);
  assert.ok(result.kind === "different");
  assert.equal(result.differences[0]?.suspects[0]?.payload, "fix");
});

test("probeHost() shows each function that differs, from where its instruction begins", async () => {
  const host = new ModelHost(syntheticModel());
  const [wrong, tail] = [code.slice(), code.slice()];
  wrong[0] = 0x33;
  tail[11] = 0x80;
  const guards = [guardOf("alpha", 0, wrong), guardOf("beta", 3, tail), guardOf("gamma")];
  const result = await probe(host, guarded(["alpha"], { guards }));
  assert.ok(result.kind === "different" && result.complete);
  const lines = result.differences.map((one) => describeDifference(one, "x86_64"));
  assert.deepEqual(lines[0]?.slice(0, 3), [
    "alpha+0x0 is not what the payload expects",
    "  expected:",
    "    +0x0  33 c0                             xor %eax,%eax",
  ]);
  assert.equal(lines[0]?.[6], "    +0x0  31 c0                             xor %eax,%eax");
  assert.equal(lines[1]?.[0], "beta+0xb is not what the payload expects");
  assert.equal(lines.length, 2);
});

test("probeHost() names those that do not say what they replace when nobody says it", async () => {
  const host = new ModelHost(syntheticModel());
  const entries = [{ old: "alpha", by: "other_alpha" }] as const;
  await host.upload("foreign", syntheticPayload({ id: "01", entries }));
  await host.act("apply", "foreign", independent);
  const result = await probe(host, guarded(["alpha"]));
  assert.ok(result.kind === "different");
  const [difference] = result.differences;
  assert.deepEqual(difference?.suspects, [{ payload: "foreign", because: "may-replace-it" }]);
  const found = difference && describeDifference(difference, "x86_64").join("\n");
  assert.match(found ?? "", /found:\n +\+0x0 {2}e9 .* jmp \(elsewhere\)/);
});

test("probeHost() sees below the jumps that a replace will take away, and no further", async () => {
  const host = new ModelHost(syntheticModel());
  await host.upload("former", guarded(["alpha"]));
  await host.act("apply", "former", independent);
  const right = guarded(["alpha", "beta"]);
  const hidden = 5;
  assert.deepEqual(await probe(host, right, "replace"), {
    kind: "as-expected",
    functions: 2,
    comparedBytes: 2 * code.length - hidden,
  });
  const wrong = code.map((byte, index) => (index === hidden ? byte ^ 1 : byte));
  const spoiled = guarded(["alpha"], { guards: [guardOf("alpha", 0, wrong)] });
  const result = await probe(host, spoiled, "replace");
  assert.ok(result.kind === "different");
  assert.equal(result.differences[0]?.offset, hidden);
});

test("probeHost() begins no entry at an ENDBR64, which would bring the host down", async () => {
  const host = new ModelHost(syntheticModel());
  for (const expectation of ["f30f1efa31c0", "f30f1efa", "f3"]) {
    const entries = [{ old: "marked", by: "new_marked", expectation }] as const;
    const bytes = syntheticPayload({ id: "02", entries });
    if (expectation === "f3") {
      await assert.rejects(probe(host, bytes), codeOf("probe/nothing-to-compare"));
    } else assert.equal((await probe(host, bytes)).kind, "as-expected", expectation);
  }
});

test("probeHost() refuses what it could not do, or not without harm", async () => {
  const host = new ModelHost(syntheticModel());
  const old = new ModelHost(syntheticModel("4.13.0"));
  const entries = [{ old: "alpha", by: "new_alpha" }] as const;
  await assert.rejects(
    probe(old, syntheticPayload({ id: "03", version: 1, entries })),
    codeOf("probe/unsupported"),
  );
  await assert.rejects(probe(old, guarded(["alpha"])), codeOf("probe/unsupported"));
  await assert.rejects(
    probe(host, syntheticPayload({ id: "04", entries })),
    codeOf("probe/nothing-to-compare"),
  );
  const other = guarded(["alpha"], { xenDepends: new Uint8Array(20) });
  await assert.rejects(probe(host, other), codeOf("payload/wrong-hypervisor"));
  const marker = { symbol: "xsplice.marker.none", id: new Uint8Array(30), covers: new Map() };
  const stacking = {
    mode: "independent",
    guard: "full",
    marker: "none",
    requires: [{ buildId: "00", marker }],
  } as const;
  const requiring = guarded(["alpha"], { stacking });
  await assert.rejects(probe(host, requiring, "replace"), codeOf("probe/never-replaces"));
  await assert.rejects(probe(host, requiring), /has a symbol "xsplice\.marker\.none"/);
  assert.deepEqual(await host.list(), []);
});

test("probeHost() refuses code at a bare address, which may not be there", async () => {
  const payload = parsePayload(guarded(["alpha"]), "fix");
  const functions = payload.functions.map((entry) => {
    return { ...entry, oldAddress: { kind: "address", address: 0x1000n } as const };
  });
  const request = { payload: { ...payload, functions }, purpose: "apply" } as const;
  const host = new ModelHost(syntheticModel());
  await assert.rejects(probeHost(host, request, options), codeOf("probe/unsafe"));
});

test("probeHost() puts the probe away when it is stopped at any step", async () => {
  for (const stopAt of ["upload", "apply", "revert"]) {
    const host = new ModelHost(syntheticModel());
    const stop = (step: string) => {
      if (step === stopAt) throw new Error("stopped");
    };
    let isFirstRevert = true;
    const stopping: LivepatchHost = {
      label: host.label,
      capabilities: host.capabilities,
      info: () => host.info(),
      list: () => host.list(),
      status: (name) => host.status(name),
      console: (since) => host.console(since),
      upload: async (name, bytes) => {
        await host.upload(name, bytes);
        stop("upload");
      },
      act: async (action, name, given) => {
        const outcome = await host.act(action, name, given);
        if (action === "apply") stop("apply");
        return outcome;
      },
      [Symbol.asyncDispose]: async () => {},
    };
    if (stopAt === "revert") {
      const { act } = stopping;
      // What is in the way of a revert once is not for ever: the next probe finds another name.
      stopping.act = async (action, name, given) => {
        if (action === "revert" && isFirstRevert) {
          isFirstRevert = false;
          stop("revert");
        }
        return act(action, name, given);
      };
      await assert.rejects(probe(stopping, guarded(["alpha"])), /stopped/);
      assert.equal((await host.list())[0]?.name.startsWith(PROBE_NAME_PREFIX), true);
      assert.equal((await probe(host, guarded(["alpha"]))).kind, "as-expected");
      continue;
    }
    await assert.rejects(probe(stopping, guarded(["alpha"])), /stopped/);
    assert.deepEqual(await host.list(), [], stopAt);
  }
});
