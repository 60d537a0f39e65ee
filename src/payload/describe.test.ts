import assert from "node:assert/strict";
import { test } from "node:test";
import { describePayload, payloadToJson } from "./describe.ts";
import { type Inspection, inspectPayload } from "./inspect.ts";
import { BASE_ID, stockPayload, XEN_ID } from "./stock.test.support.ts";

const inspection = inspectPayload(stockPayload(), "fix.livepatch");

function describe(given: Inspection, listLinesMax = 20): string {
  return describePayload(given, { listLinesMax });
}

function withMetadata(...metadata: string[]): Inspection {
  return { ...inspection, contents: { ...inspection.contents, metadata } };
}

test("describePayload() says in words what the payload does", () => {
  const text = describe(inspection);
  const lines = text.split("\n").map((line) => line.trim());
  for (const line of [
    "Live patch fix.livepatch",
    "version       2 (Xen 4.14 and later)",
    `made for      ${XEN_ID}`,
    `sits on       ${BASE_ID}`,
    "Functions of the hypervisor (3)",
    "common/livepatch.c#get_name is only checked, if it starts with 415441554154",
    "xen_extra_version (12 bytes) is replaced by stock_extra (8 bytes)",
    "do_nothing (40 bytes) gets 5 bytes of no-operations, if it starts with e8",
    "preapply: stock_may_apply  (before apply begins; can veto it)",
    "author=me",
    "printk",
    "stock_counter  (4 bytes)",
  ]) {
    assert.ok(lines.includes(line), `"${line}" is not in:\n${text}`);
  }
  assert.ok(!text.includes("What is wrong"));
});

test("describePayload() cuts long lists and says by how much", () => {
  assert.match(describe(inspection, 1), /\(3\)\n {2}xen_extra_version .*\n {2}… and 2 more\n/);
});

test("describePayload() puts the pieces of a function that is only checked on one line, unless all are wanted", () => {
  const { contents } = inspection;
  const guard = contents.functions.find(({ kind }) => kind === "guard") ?? assert.fail();
  const pieces = [0, 31, 62].map((offset) => ({ ...guard, name: `do_it+${offset}` }));
  const functions = [...pieces, ...contents.functions];
  const guarded = { ...inspection, contents: { ...contents, functions } };
  const text = describe(guarded);
  assert.match(text, /\(6\)\n {2}xen_extra_version .* is replaced by/);
  assert.match(
    text,
    /\n {2}do_it is only checked, in 3 pieces of 18 bytes together; --all shows them\n/,
  );
  assert.match(
    describe(guarded, Number.POSITIVE_INFINITY),
    /\n {2}do_it\+62 .*is only checked, if/,
  );
});

test("describePayload() shows control characters instead of sending them to the terminal", () => {
  assert.match(describe(withMetadata("a=\x1b[31mred\x07")), /a=\\x1b\[31mred\\x07/);
});

test("describePayload() ends with what is wrong", () => {
  const bytes = stockPayload();
  bytes[7] = 3;
  const text = describe(inspectPayload(bytes, "fix.livepatch"));
  assert.match(text, /What is wrong with it\n {2}error: Cannot load a payload with OS ABI 3/);
});

test("payloadToJson() gives values that JSON can hold, bytes and wide numbers as hexadecimal", () => {
  const value = JSON.parse(JSON.stringify(payloadToJson(inspection)));
  assert.deepEqual(value.functions[0], {
    kind: "guard",
    name: "common/livepatch.c#get_name",
    oldAddress: { kind: "symbol", symbol: "common/livepatch.c#get_name", addend: "0x0" },
    oldSize: 31,
    expectation: "415441554154",
  });
  assert.equal(value.buildId, inspection.contents.buildId);
  assert.deepEqual(value.findings, []);
});
