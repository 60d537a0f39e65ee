// Whatever is done to a payload's bytes, it is read or refused with an error of ours.

import { test } from "node:test";
import { XspliceError } from "../error.ts";
import { describePayload, payloadToJson } from "./describe.ts";
import { inspectPayload } from "./inspect.ts";
import { parsePayload } from "./parse.ts";
import { stockPayload } from "./stock.test.support.ts";
import { rewritePayload } from "./write.ts";

const SOURCE = "fix.livepatch";

function readAllOf(bytes: Uint8Array): void {
  const inspection = inspectPayload(bytes, SOURCE);
  describePayload(inspection, { listLinesMax: 10 });
  JSON.stringify(payloadToJson(inspection));
  const { findings } = inspection;
  if (findings.every(({ severity }) => severity === "warning")) {
    rewritePayload(bytes, SOURCE, parsePayload(bytes, SOURCE));
  }
}

function readOrRefuse(what: string, bytes: Uint8Array): void {
  try {
    readAllOf(bytes);
  } catch (error) {
    if (!(error instanceof XspliceError)) throw new Error(`${what}: ${error}`, { cause: error });
  }
}

test("inspectPayload() reads or refuses every truncated payload", () => {
  const bytes = stockPayload();
  for (let end = 0; end < bytes.length; end++) {
    readOrRefuse(`cut at ${end}`, bytes.subarray(0, end));
  }
});

test("inspectPayload() reads or refuses a payload with any byte flipped", () => {
  const bytes = stockPayload();
  for (let offset = 0; offset < bytes.length; offset++) {
    const byte = bytes[offset] ?? 0;
    for (const flipped of [byte ^ 0xff, byte ^ (1 << (offset % 8))]) {
      bytes[offset] = flipped;
      readOrRefuse(`0x${flipped.toString(16)} at ${offset}`, bytes);
    }
    bytes[offset] = byte;
  }
});
