import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newInRing } from "./console-ring.ts";

test("newInRing() gives what came since the mark, however far the ring has moved on", () => {
  const line = fc.string({ minLength: 1, maxLength: 30 }).map((text) => `${text}\n`);
  fc.assert(
    fc.property(fc.array(line), fc.array(line), fc.nat(200), (before, after, dropped) => {
      const old = `${"the first line, which no other line is like, as boot messages are\n"}${before.join("")}`;
      const fresh = after.join("");
      const ring = (old + fresh).slice(Math.min(dropped, old.length));
      const { mark } = newInRing(old, undefined);
      const { text, lost } = newInRing(ring, mark);
      // What repeats itself may be told twice; nothing may be lost.
      assert.ok(text.endsWith(fresh));
      if (dropped === 0) assert.deepEqual({ text, lost }, { text: fresh, lost: false });
    }),
  );
});

test("newInRing() takes a short text that was there before for new, after the ring was cleared", () => {
  const { mark } = newInRing("boot\nagain\n", undefined);
  assert.deepEqual(newInRing("again\n", mark).text, "again\n");
});

test("newInRing() says so when the mark has left the ring", () => {
  const { mark } = newInRing("a".repeat(100), undefined);
  assert.deepEqual(newInRing("b".repeat(100), mark).lost, true);
});
