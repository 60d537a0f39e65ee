// What a check says of payloads that lie on each other by markers and covers (payload/marker.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex, toHex } from "../bytes/hex.ts";
import { compileDraft, emitInput, symbolNamed } from "../payload/emit/emit.test.support.ts";
import { type EmittedPayload, emitPayload } from "../payload/emit/emit.ts";
import { XEN_ID } from "../xen-model/synthetic.test.support.ts";
import { check } from "./check.test.support.ts";
import { OLD_CODE } from "./fixtures.test.support.ts";

/** Independent: `answer` tells it from others that replace the same. */
function replacingAlpha(answer: number, on: readonly EmittedPayload[]): EmittedPayload {
  const draft = compileDraft({ c: `int new_alpha(void) { return ${answer}; }` });
  const replacement = {
    oldName: "alpha",
    oldSizeBytes: 64,
    newBody: symbolNamed(draft, "new_alpha"),
    expectation: parseHex(on.length === 0 ? OLD_CODE : "e9"),
  };
  const requires = on.map(({ buildId, marker }) => ({ buildId: toHex(buildId), marker }));
  return emitPayload(
    emitInput(draft, [], {
      replacements: [replacement],
      depends: parseHex(XEN_ID),
      xenDepends: parseHex(XEN_ID),
      stacking: { mode: "independent", guard: "full", marker: "carried", requires },
    }),
  );
}

const base = replacingAlpha(1, []);
const one = replacingAlpha(2, [base]);
const other = replacingAlpha(3, [base]);
const upper = replacingAlpha(4, [base, one]);

function checkEmitted(...payloads: readonly EmittedPayload[]) {
  const allowed = ["bound-to-payload"] as const;
  return check(
    payloads.map(({ bytes }) => bytes),
    { dependencyCheck: "hypervisor-only", allowed },
  );
}

test("checkPayloads() takes a payload on another one for meant, and shows no effect at its cover", () => {
  const { payloads, outcome } = checkEmitted(base, one, upper);
  assert.equal(outcome, "clean");
  assert.deepEqual(
    payloads.map(({ verdict }) => verdict.kind),
    ["accepted", "accepted", "accepted"],
  );
  const [, , top] = payloads;
  const patched = top?.hazards.filter(({ rule }) => rule === "patched-by-two-payloads");
  assert.deepEqual(
    patched?.map(({ severity }) => severity),
    ["note"],
  );
  assert.deepEqual(
    top?.effects.map(({ name, effect }) => `${effect} ${name}`),
    ["patched-again alpha"],
  );
});

test("checkPayloads() says that Xen refuses a second payload on the same function of the same one", () => {
  const { payloads } = checkEmitted(base, one, other);
  const refused = payloads.at(-1);
  assert.ok(refused?.verdict.kind === "refused");
  assert.equal(refused.verdict.errnoName, "EINVAL");
  assert.match(JSON.stringify(refused.verdict), /uncovered alpha/);
  const patched = refused.hazards.filter(({ rule }) => rule === "patched-by-two-payloads");
  assert.equal(patched.length, 1);
});
