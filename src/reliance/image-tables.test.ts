import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { namesOfRegisters } from "../isa/x86-registers.ts";
import { ImageCode } from "./image-code.ts";
import { findReliants } from "./reliance.ts";

// A hypervisor of three functions at 0x1000. "leaf" leaves all alone but rax. "caller", of the same file,
// has an alternative or a fault behind its call of it. "other" lies in another file.

const START = 0x1000n;
const ALTERNATIVES = 0x2000n;
const FAULTS = 0x2100n;
const ELSEWHERE = 0x3000n;

interface Parts {
  readonly caller: string;
  /** `from`: into the caller; the other code lies at ELSEWHERE. */
  readonly alternative?: { readonly from: number; readonly size: number };
  readonly fault?: number;
  readonly elsewhere: string;
}

function image({ caller, alternative, fault, elsewhere }: Parts): ImageCode {
  const code = new Uint8Array(0x80).fill(0xcc);
  code.set(parseHex("8d4701c3")); // lea 1(%rdi),%eax; ret
  code.set(parseHex(caller), 0x20);
  code.set(parseHex("c3"), 0x60);
  const callerAt = START + 0x20n;
  const alternatives = new DataView(new ArrayBuffer(alternative === undefined ? 0 : 14));
  if (alternative !== undefined) {
    const { from, size } = alternative;
    alternatives.setInt32(0, Number(callerAt - ALTERNATIVES) + from, true);
    alternatives.setInt32(4, Number(ELSEWHERE - ALTERNATIVES) - 4, true);
    alternatives.setUint8(10, size);
    alternatives.setUint8(11, elsewhere.length / 2);
  }
  const faults = new DataView(new ArrayBuffer(fault === undefined ? 0 : 8));
  if (fault !== undefined) {
    faults.setInt32(0, Number(callerAt - FAULTS) + fault, true);
    faults.setInt32(4, Number(ELSEWHERE - FAULTS) - 4, true);
  }
  const memory: readonly (readonly [bigint, Uint8Array])[] = [
    [START, code],
    [ALTERNATIVES, new Uint8Array(alternatives.buffer)],
    [FAULTS, new Uint8Array(faults.buffer)],
    [ELSEWHERE, parseHex(elsewhere.padEnd(128, "c"))],
  ];
  const names: Readonly<Record<string, bigint>> = {
    __alt_instructions: ALTERNATIVES,
    __alt_instructions_end: ALTERNATIVES + BigInt(alternatives.byteLength),
    __start___ex_table: FAULTS,
    __stop___ex_table: FAULTS + BigInt(faults.byteLength),
  };
  return new ImageCode({
    release: undefined,
    functions: [
      { name: "a.c#leaf", address: START, sizeBytes: 4 },
      { name: "a.c#caller", address: callerAt, sizeBytes: caller.length / 2 },
      { name: "b.c#other", address: START + 0x60n, sizeBytes: 1 },
    ],
    addressOf: (name) => names[name],
    bytesAt: (address, length) => {
      const [start, bytes] =
        memory.find(([at, { length: size }]) => at <= address && address < at + BigInt(size)) ?? [];
      if (start === undefined || bytes === undefined) return undefined;
      const offset = Number(address - start);
      return offset + length > bytes.length ? undefined : bytes.subarray(offset, offset + length);
    },
  });
}

/** `caller: registers` of each that relies on the function there. */
function reliantsOn(code: ImageCode, address: bigint): readonly string[] {
  const callee = code.findAt(address);
  assert.ok(callee);
  return findReliants(callee, (asked) => code.findCallers(asked)).map(
    ({ caller, registers }) => `${caller.name}: ${namesOfRegisters(registers).join()}`,
  );
}

const CALL_LEAF = "e8dbffffff"; // from 0x1020 to 0x1000

test("findReliants() counts what an alternative behind the call reads", () => {
  const caller = `${CALL_LEAF}90909031c031d2c3`;
  const elsewhere = "4c8909"; // mov %r9,(%rcx)
  const alternative = { from: 5, size: 3 };
  const found = reliantsOn(image({ caller, alternative, elsewhere }), START);
  assert.deepEqual(found, ["a.c#caller: rcx,r9"]);
  assert.deepEqual(reliantsOn(image({ caller, elsewhere }), START), []);
});

test("findReliants() counts what the code reads to which a fault leads, wherever that lies", () => {
  const caller = `${CALL_LEAF}8b0331d2c3`; // mov (%rbx),%eax may fault
  const elsewhere = "4c89090f0b"; // mov %r9,(%rcx); ud2
  assert.deepEqual(reliantsOn(image({ caller, fault: 5, elsewhere }), START), [
    "a.c#caller: rcx,r9",
  ]);
});

test("findReliants() lets assembly rely on functions of any file", () => {
  // At 0x1020 a call of "other", at 0x1060, which boot may replace; then mov %r9,(%rcx).
  const caller = "e83b0000004c890931c031d2c3";
  const alternative = { from: 0, size: 5 };
  const other = START + 0x60n;
  const found = reliantsOn(image({ caller, alternative, elsewhere: "90" }), other);
  assert.deepEqual(found, ["a.c#caller: rcx,r9"]);
  assert.deepEqual(reliantsOn(image({ caller, elsewhere: "90" }), other), []);
});

test("findReliants() goes up over short jumps to functions that lie near", () => {
  // "caller" ends by jumping to "leaf", two bytes away from its end; nobody calls it.
  const code = image({ caller: "ebde", elsewhere: "" });
  const callee = code.findAt(START);
  assert.ok(callee);
  assert.deepEqual(
    code.findCallers(callee).map(({ caller, returnsTo }) => [caller.name, returnsTo]),
    [["a.c#caller", undefined]],
  );
});
