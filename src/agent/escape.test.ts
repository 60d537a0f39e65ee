import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BEGINNING, escapeFrames } from "./escape.ts";
import { ESCAPE } from "./wire.ts";

/** Bytes among which ESCAPE and what may stand behind it are frequent. */
const bytes = fc
  .array(fc.oneof(fc.constantFrom(ESCAPE, 0, 1), fc.integer({ min: 0, max: 255 })))
  .map((values) => Uint8Array.from(values));

test("escapeFrames() can be undone, and never holds what a client begins with", () => {
  fc.assert(
    fc.property(bytes, (frames) => {
      const escaped = Buffer.from(escapeFrames(frames));
      assert.equal(escaped.indexOf(BEGINNING), -1);
      const undone = escaped.toString("latin1").replaceAll("\u00f5\0", "\u00f5");
      assert.deepEqual(Buffer.from(undone, "latin1"), Buffer.from(frames));
    }),
  );
});

test("escapeFrames() cut off anywhere does not hide the beginning of the next client", () => {
  // Whatever the last byte was, an agent that reads on finds ESCAPE BEGIN, and not ESCAPE ESCAPED.
  fc.assert(
    fc.property(bytes, fc.nat(), (frames, place) => {
      const escaped = escapeFrames(frames);
      const cut = escaped.subarray(0, place % (escaped.length + 1));
      const stream = Buffer.concat([cut, BEGINNING]);
      assert.equal(stream.indexOf(BEGINNING), cut.length);
    }),
  );
});

test("escapeFrames() copies nothing when there is nothing to escape", () => {
  const frames = Uint8Array.of(1, 2, 3);
  assert.equal(escapeFrames(frames), frames);
});
