// The verdict on each payload, as Xen would give it. What a check shows of the code has
// effects.test.ts; hazards have hazards.test.ts, their rules rules.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeStockPayload } from "../../test/stock-payload.ts";
import { hexNumber, parseHex } from "../bytes/hex.ts";
import { readElf } from "../elf/read.ts";
import { requireSection } from "../elf/sections.ts";
import { compileDraft, emitInput, symbolNamed } from "../payload/emit/emit.test.support.ts";
import { emitPayload } from "../payload/emit/emit.ts";
import { XEN_ID } from "../xen-model/synthetic.test.support.ts";
import { check } from "./check.test.support.ts";
import { alphaEntry, betaEntry, goodPayload, idOf, OLD_CODE } from "./fixtures.test.support.ts";

test("checkPayloads() finds nothing in a payload of our own emitter", () => {
  const c = `int printk_like(int); __attribute__((noinline)) int helper(int n) { return n + 1; }
    int new_alpha(int n) { return helper(n); } int new_beta(int n) { return new_alpha(n) + 1; }`;
  const draft = compileDraft({ c });
  const replaced = (oldName: string, newBody: string) => ({
    oldName,
    oldSizeBytes: 64,
    newBody: symbolNamed(draft, newBody),
    expectation: parseHex(OLD_CODE),
  });
  const { bytes } = emitPayload(
    emitInput(draft, [], {
      replacements: [replaced("alpha", "new_alpha"), replaced("beta", "new_beta")],
      depends: parseHex(XEN_ID),
      xenDepends: parseHex(XEN_ID),
    }),
  );
  const report = check([bytes]);
  assert.deepEqual(report.payloads[0]?.hazards, []);
  assert.equal(report.outcome, "clean");
});

test("checkPayloads() finds nothing in a payload of stock tools that looks at the old code", () => {
  const bytes = makeStockPayload({
    code: "int stock_alpha(void) { return 7; }",
    functions: [
      { name: "alpha", oldSize: 64, by: { symbol: "stock_alpha" }, expectation: OLD_CODE },
    ],
    xenBuildId: XEN_ID,
  });
  const report = check([bytes]);
  assert.deepEqual(report.payloads[0]?.hazards, []);
  assert.equal(report.outcome, "clean");
});

test("checkPayloads() tells what Xen says, at which step, why, where, and what its console shows", () => {
  const [payload] = check([goodPayload({ depends: idOf("99") })]).payloads;
  assert.deepEqual(payload?.verdict, {
    kind: "refused",
    at: "apply",
    errno: 22,
    errnoName: "EINVAL",
    step: "apply/dependency",
    reference: "3",
    words: "it depends on another hypervisor build, or on a payload",
    where: 'p0.livepatch, section ".livepatch.depends"',
    console: ["(XEN) livepatch: p0: check against hypervisor build-id failed"],
  });
});

test("checkPayloads() names the entry whose expectation does not hold by its place in the file", () => {
  const wrong = { old: "beta", by: "new_beta", expectation: "ffff" };
  const bytes = goodPayload({ entries: [alphaEntry, wrong] });
  const [payload] = check([bytes]).payloads;
  const table = requireSection(readElf(bytes, "p0"), ".livepatch.funcs");
  const place = `offset ${hexNumber(table.offset + 104)}`;
  assert.ok(payload?.verdict.kind === "refused");
  assert.equal(payload.verdict.step, "apply/expectation");
  assert.equal(payload.verdict.where, `p0.livepatch, section ".livepatch.funcs", ${place}`);
});

test("checkPayloads() tells what a file that is no payload is refused for", () => {
  const { outcome, payloads } = check([Buffer.from("no payload at all")]);
  assert.equal(outcome, "refused");
  assert.equal(
    payloads[0]?.verdict.kind === "refused" && payloads[0].verdict.step,
    "header/length",
  );
  assert.deepEqual(payloads[0]?.effects, []);
});

test("checkPayloads() goes on without a payload that is refused", () => {
  const { payloads, outcome } = check([
    goodPayload({ xenDepends: idOf("99") }),
    goodPayload({ id: "22" }),
    goodPayload({ id: "33", entries: [betaEntry], depends: idOf("22") }),
  ]);
  const kinds = payloads.map(({ verdict }) => verdict.kind);
  assert.deepEqual(kinds, ["refused", "accepted", "accepted"]);
  assert.equal(outcome, "refused");
});

test("checkPayloads() rests no verdict on where the model put a payload", () => {
  const upper = (expectation: string) =>
    goodPayload({
      id: "22",
      depends: idOf("11"),
      entries: [{ old: "alpha", by: "newer_alpha", expectation }],
    });
  for (const distance of ["00000000", "fbff3f00"]) {
    const [, checked] = check([goodPayload(), upper(`e9${distance}`)]).payloads;
    assert.equal(checked?.verdict.kind, "accepted");
    assert.deepEqual(
      checked?.assumptions.map(({ about }) => about),
      ["payload-place"],
    );
  }
  const [, refused] = check([goodPayload(), upper(`31${"00".repeat(4)}`)]).payloads;
  assert.equal(refused?.verdict.kind, "refused");
});

test("checkPayloads() takes a check of old code before an alternative as it is, also to replace", () => {
  const before = [{ old: "delta", by: { nopBytes: 0 }, expectation: OLD_CODE }];
  const entries = [alphaEntry, ...before];
  const [, upper] = check(
    [goodPayload({ id: "22", entries: [betaEntry] }), goodPayload({ id: "33", entries })],
    { action: "replace" },
  ).payloads;
  assert.deepEqual(upper?.assumptions, []);
  assert.deepEqual(upper?.hazards, []);
});

test("checkPayloads() follows a hundred payloads that depend on each other", () => {
  const payloads = Array.from({ length: 100 }, (_, index) => {
    const id = (index + 16).toString(16).padStart(2, "0");
    const below = (index + 15).toString(16).padStart(2, "0");
    const entries = [
      { old: "alpha", by: `alpha_of_${index}`, expectation: index === 0 ? OLD_CODE : "e9" },
    ];
    return goodPayload({ id, entries, ...(index === 0 ? {} : { depends: idOf(below) }) });
  });
  const report = check(payloads);
  assert.equal(report.outcome, "clean");
  assert.equal(report.payloads.at(-1)?.effects[0]?.effect, "patched-again");
});
