import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { decodeJson } from "./decode-json.ts";

const schema = v.object({
  format: v.literal(2),
  steps: v.array(
    v.object({ action: v.picklist(["apply", "revert"]), note: v.optional(v.string()) }),
  ),
});

test("decodeJson() gives what the schema describes, without what it does not name", () => {
  const text = JSON.stringify({ format: 2, steps: [{ action: "apply", more: 1 }], extra: {} });
  assert.deepEqual(decodeJson(text, schema), {
    kind: "value",
    value: { format: 2, steps: [{ action: "apply" }] },
  });
});

const problems: readonly (readonly [string, string])[] = [
  ["", "it is not JSON: Unexpected end of JSON input"],
  ["[]", "format is missing"],
  ["null", "all of it is null"],
  ['{"steps":[]}', "format is missing"],
  ['{"format":3,"steps":[]}', "format is 3"],
  ['{"format":2,"steps":{}}', "steps is {}"],
  ['{"format":2,"steps":[{"action":"apply"},{"action":"jump"}]}', 'steps[1].action is "jump"'],
  ['{"format":2,"steps":[{"action":"apply","note":null}]}', "steps[0].note is null"],
];
for (const [text, problem] of problems) {
  test(`decodeJson() says of ${text === "" ? "nothing" : text}: ${problem}`, () => {
    assert.deepEqual(decodeJson(text, schema), { kind: "problem", problem });
  });
}
