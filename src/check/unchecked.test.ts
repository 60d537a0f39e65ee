import assert from "node:assert/strict";
import { test } from "node:test";
import { check, checkFixture } from "./check.test.support.ts";
import { goodPayload } from "./fixtures.test.support.ts";
import { armFixtures } from "./fixtures-arm.test.support.ts";

test("checkPayloads() says for AArch64 that registers across calls are not checked", () => {
  const [fixture] = armFixtures();
  assert.ok(fixture);
  assert.match(checkFixture(fixture).unchecked.join(), /^registers across calls are not followed/);
});

test("checkPayloads() leaves nothing unchecked on x86-64", () => {
  assert.deepEqual(check([goodPayload()]).unchecked, []);
});
