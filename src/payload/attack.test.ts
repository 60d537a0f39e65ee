// Whatever is done to a payload's bytes, it is read or refused with an error of ours.

import { test } from "node:test";
import fc from "fast-check";
import { writeElf } from "../elf/write.ts";
import { XspliceError } from "../error.ts";
import { describePayload, payloadToJson } from "./describe.ts";
import { inspectPayload } from "./inspect.ts";
import { parsePayload } from "./parse.ts";
import type { GuardEntry } from "./payload.ts";
import { stockPayload } from "./stock.test.support.ts";
import { addTables, rewritePayload } from "./write.ts";

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

/** A thousand guard entries and no code: 170 KB, too many to flip every byte. */
function largePayload(): Uint8Array {
  const given = parsePayload(stockPayload(), SOURCE);
  const functions = Array.from({ length: 1000 }, (_, index): GuardEntry => {
    const name = `do_xen_version+${index}`;
    const oldAddress = { kind: "symbol", symbol: "do_xen_version", addend: BigInt(index) } as const;
    return { kind: "guard", name, oldAddress, oldSize: 31, expectation: new Uint8Array(31) };
  });
  const draft = { machine: 62, osAbi: 0, flags: 0, sections: [], symbols: [] };
  addTables(draft, { ...given, functions, hooks: [] }, "read-only");
  return writeElf(draft);
}

test("inspectPayload() reads or refuses a large payload with some bytes overwritten", () => {
  const bytes = largePayload();
  const place = fc.nat(bytes.length - 1);
  const changes = fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(changes, fc.option(place, { nil: bytes.length }), (overwritten, end) => {
      const attacked = bytes.slice(0, end);
      for (const [offset, byte] of overwritten) attacked[offset] = byte;
      readOrRefuse("overwritten", attacked);
    }),
  );
});
