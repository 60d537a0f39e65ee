// New code that refers to what is freed after boot is no hazard where the replaced function has it too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../../bytes/hex.ts";
import { makeElf } from "../../xen-model/hand-made-elf.test.support.ts";
import { openHypervisor } from "../../xen-model/hypervisor.ts";
import { syntheticXenSyms, TEXT_START } from "../../xen-model/synthetic.test.support.ts";
import { check } from "../check.test.support.ts";
import { goodParts, withParts, withSection } from "../fixtures.test.support.ts";

const BOOTS = TEXT_START + 0x8000n;
const INIT = TEXT_START + 0x3000n;
const R_X86_64_PLT32 = 4;

// test %edi,%edi; je behind; call start_xen; ret
const beginning = "85ff7405e8";
const distance = Buffer.alloc(4);
distance.writeInt32LE(Number(INIT - (BOOTS + 9n)));
const boots = parseHex(`${beginning}${distance.toString("hex")}c3`.padEnd(128, "90"));

const hypervisor = openHypervisor(
  syntheticXenSyms("4.17.5", {
    sections: [{ name: ".text.boots", flags: "AX", address: BOOTS, bytes: boots }],
    symbols: [{ name: "boots", section: ".text.boots", value: BOOTS, size: 64n }],
  }),
  "synthetic xen-syms",
);

interface Code {
  /** Whose new body it is. */
  readonly old: string;
  readonly calls: number;
  /** Of the symbol that the calls stand in, instead of the body itself. */
  readonly within?: string;
}

function problemsOf({ old, calls, within }: Code): readonly string[] {
  const call = "e800000000";
  const bytes = parseHex(`${call.repeat(calls)}c3`);
  const relocations = Array.from({ length: calls }, (_, index) => ({
    at: (index * call.length) / 2 + 1,
    type: R_X86_64_PLT32,
    symbol: "start_xen",
    addend: -4n,
  }));
  const name = within ?? "new_body";
  const size = BigInt(bytes.length);
  const parts = goodParts({ id: "22", entries: [{ old, by: "new_body" }] });
  const [code, symbols] =
    within === undefined
      ? [
          withSection(parts, ".text", () => ({ bytes, relocations })),
          parts.symbols.map((one) => (one.name === name ? { ...one, size, info: 2 } : one)),
        ]
      : [
          withParts(parts, [{ name: ".text.more", flags: "AX", bytes, relocations }]),
          [
            ...parts.symbols.map((one) => (one.name === "new_body" ? { ...one, info: 2 } : one)),
            { name, section: ".text.more", size, info: 2 },
          ],
        ];
  const payload = makeElf({ ...code, symbols: [...symbols, { name: "start_xen", section: 0 }] });
  const { payloads } = check([payload], { hypervisor });
  const hazards = payloads.flatMap((one) => one.hazards);
  return hazards.filter(({ rule }) => rule === "init-memory").map(({ problem }) => problem);
}

test("checkPayloads() takes a call of init code that the replaced function has", () => {
  assert.deepEqual(problemsOf({ old: "boots", calls: 1 }), []);
});

test("checkPayloads() takes it in the cold part of the new body, too", () => {
  assert.deepEqual(problemsOf({ old: "boots", calls: 1, within: "new_body.cold" }), []);
});

const refused: Readonly<Record<string, Code>> = {
  "a second call of it": { old: "boots", calls: 2 },
  "a call of it in place of a function without one": { old: "alpha", calls: 1 },
  "a call of it in a function of the payload's own": { old: "boots", calls: 1, within: "helper" },
};

for (const [what, code] of Object.entries(refused)) {
  test(`checkPayloads() objects to ${what}`, () => {
    assert.deepEqual(problemsOf(code), [
      'its code refers to "start_xen", which is freed once the hypervisor has booted',
    ]);
  });
}
