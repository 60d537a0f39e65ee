import assert from "node:assert/strict";
import { test } from "node:test";
import type { LinkSymbol } from "../../running/payload-below.ts";
import { warnOfAlternatives } from "./link-warnings.ts";

const endbr64 = Uint8Array.of(0xf3, 0x0f, 0x1e, 0xfa);

function xenWith(code: Uint8Array) {
  const main: LinkSymbol = {
    name: "f",
    bareName: "f",
    address: 0x1000n,
    sizeBytes: 16,
    kind: "function",
    isInit: false,
  };
  return {
    architecture: "x86_64",
    byName: new Map([["f", main]]),
    bytesAt: () => code,
  } as const;
}

function objectWith(name: string, length: number) {
  const section = {
    name,
    type: "SHT_PROGBITS",
    flags: 2n,
    alignment: 1,
    entrySize: 0,
    content: new Uint8Array(length),
    relocations: [],
  } as const;
  const draft = {
    machine: 62,
    osAbi: 0,
    flags: 0,
    sections: [{ ...section, relocations: [] }],
    symbols: [],
  };
  return [{ source: "x.o", draft }];
}

test("warnOfAlternatives() warns where the hypervisor dies of them on hosts with branch tracking", () => {
  const marked = xenWith(endbr64);
  const [alternatives, none] = [objectWith(".altinstructions", 14), objectWith(".text", 14)];
  const warned = (point: number, minor = 17, objects = alternatives, xen = marked) =>
    warnOfAlternatives(objects, { major: 4, minor, point }, xen).length > 0;
  assert.deepEqual(
    [0, 3, 4, 5].map((point) => warned(point)),
    [true, true, false, false],
  );
  assert.deepEqual(
    [0, 1, 2].map((point) => warned(point, 18)),
    [true, true, false],
  );
  assert.ok(!warned(5, 16) && !warned(0, 19), "older and newer releases do not");
  assert.ok(!warned(0, 17, none), "no alternatives");
  assert.ok(!warned(0, 17, objectWith(".altinstructions", 0)), "an empty table");
  assert.ok(
    !warned(0, 17, alternatives, xenWith(Uint8Array.of(0x55, 0x48, 0x89, 0xe5))),
    "no marks",
  );
});
