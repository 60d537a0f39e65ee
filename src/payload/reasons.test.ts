import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XspliceError } from "../error.ts";
import { emitExample } from "./emit/emit.test.support.ts";
import { inspectPayload } from "./inspect.ts";
import { parsePayload } from "./parse.ts";
import { decodeReasons, encodeReasons, REASONS_SECTION } from "./reasons.ts";
import { rewritePayload } from "./write.ts";

const line = fc.string({ unit: "grapheme" }).filter((text) => !/[\t\n\0]/.test(text));

test("decodeReasons() gives back what encodeReasons() wrote", () => {
  const flat = { noNullPrototype: true } as const;
  const reasons = fc.array(fc.record({ function: line, text: line }, flat));
  fc.assert(
    fc.property(reasons, (given) => {
      assert.deepEqual(decodeReasons(encodeReasons(given), "fix.livepatch"), given);
    }),
  );
});

test("encodeReasons() keeps a reason of several lines on one", () => {
  const written = encodeReasons([{ function: "f", text: 'refers to "a\tb\nc"' }]);
  assert.deepEqual(decodeReasons(written, "x"), [{ function: "f", text: 'refers to "a b c"' }]);
});

test("decodeReasons() refuses what is not of its version, naming the line", () => {
  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ["", /start with "".*line 1/s],
    ["xsplice-reasons 2\n", /start with "xsplice-reasons 2"/],
    ["xsplice-reasons 1", /the last line is cut short/],
    ["xsplice-reasons 1\nf\tis new\nno words\n", /"no words" has no tab.*line 3/s],
  ];
  for (const [text, message] of refused) {
    const read = () => decodeReasons(new TextEncoder().encode(text), "fix.livepatch");
    assert.throws(read, (error) => error instanceof XspliceError && message.test(error.message));
  }
  const noText = () => decodeReasons(Uint8Array.of(0xff), "fix.livepatch");
  assert.throws(noText, /not UTF-8 text/);
});

test("emitPayload() puts reasons where no hypervisor loads them, and rewritePayload() keeps them", () => {
  const reasons = [{ function: "f", text: "calls new function helper" }];
  const { bytes } = emitExample({ reasons });
  const payload = parsePayload(bytes, "fix.livepatch");
  assert.deepEqual(payload.reasons, reasons);
  const section = payload.sections.find(({ name }) => name === REASONS_SECTION);
  assert.equal(section?.loaded, "no");
  const rewritten = rewritePayload(bytes, "fix", payload);
  // Its build-id is that of the tables, not of the bytes: stampBuildId() is for that.
  assert.deepEqual(inspectPayload(rewritten, "fix").contents.reasons, reasons);
});

test("emitPayload() makes no section of reasons without any", () => {
  assert.equal(parsePayload(emitExample().bytes, "fix.livepatch").reasons, undefined);
});
