// Whatever is done to a payload's bytes, its inside is shown, or it is refused with an error of ours.
// test/fuzz/ does the same by the million.

import { test } from "node:test";
import { XspliceError } from "../error.ts";
import { inspectPayload } from "../payload/inspect.ts";
import { stockPayload } from "../payload/stock.test.support.ts";
import { comparePayloads } from "./compare-payloads.ts";
import { describeComparison } from "./describe-comparison.ts";
import { describeTables } from "./describe-tables.ts";
import { dissectPayload } from "./dissect-payload.ts";

const whole = stockPayload();

function showOrRefuse(what: string, bytes: Uint8Array): void {
  try {
    const { contents } = inspectPayload(bytes, "fix.livepatch");
    const options = { release: undefined, code: "all", running: undefined } as const;
    describeTables(dissectPayload(bytes, contents, options).tables);
    const after = { bytes, source: "fix.livepatch" };
    describeComparison(comparePayloads({ bytes: whole, source: "whole" }, after));
  } catch (error) {
    if (!(error instanceof XspliceError)) throw new Error(`${what}: ${error}`, { cause: error });
  }
}

test("dissectPayload() and comparePayloads() take or refuse payloads with bytes flipped", () => {
  const bytes = stockPayload();
  // Every 5th: the step shares no factor with the sizes of records.
  for (let offset = 0; offset < bytes.length; offset += 5) {
    const byte = bytes[offset] ?? 0;
    bytes[offset] = byte ^ (offset % 2 === 0 ? 0xff : 1 << (offset % 8));
    showOrRefuse(`byte ${offset}`, bytes);
    bytes[offset] = byte;
  }
});

test("dissectPayload() and comparePayloads() take or refuse truncated payloads", () => {
  for (let end = 0; end < whole.length; end += 7)
    showOrRefuse(`cut at ${end}`, whole.slice(0, end));
});
