// Offsets of alternatives, which are signed and may lead out of the payload: what real Xens do with
// them was seen in the labs (test/lab/differential-tables.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteWriter } from "../../bytes/byte-writer.ts";
import { writeAlternative } from "../../xen-abi/alternatives.ts";
import type { HandMadeSection } from "../hand-made-elf.test.support.ts";
import type { XenModel } from "../model.ts";
import { syntheticModel, syntheticPayload } from "../synthetic.test.support.ts";

/** A place: a symbol, and so many bytes behind it, or in front. */
type Target = readonly [symbol: string, addend: bigint];

interface AlternativeForm {
  readonly original: Target;
  readonly replacement: Target;
  readonly originalSize: number;
  readonly paddingSize: number;
  /** Of the replacement's section; its length is the replacement's. */
  readonly code: Uint8Array;
}

const R_X86_64_PC32 = 2;
const PAGE = 0x1000n;
const good: AlternativeForm = {
  original: ["original", 0n],
  replacement: ["replacement", 0n],
  originalSize: 6,
  paddingSize: 0,
  code: new Uint8Array(5).fill(0x90),
};

function payloadWith(change: Partial<AlternativeForm>, id = "01"): Uint8Array {
  const form = { ...good, ...change };
  const sections: readonly HandMadeSection[] = [
    { name: ".altinstr_replacement", flags: "AX", bytes: form.code },
    {
      name: ".altinstructions",
      flags: "A",
      bytes: entryOf(form),
      relocations: [form.original, form.replacement].map(([symbol, addend], index) => ({
        at: index * 4,
        type: R_X86_64_PC32,
        symbol,
        addend,
      })),
    },
  ];
  const symbols = [
    { name: "original", section: ".text", value: 4n },
    { name: "replacement", section: ".altinstr_replacement" },
    ...["alpha", "counter", "start_xen"].map((name) => ({ name, section: 0 })),
  ];
  const entries = [{ old: "beta", by: `a${id}_beta` }];
  return syntheticPayload({ id, entries, more: { sections, symbols } });
}

function entryOf({ originalSize, paddingSize, code }: AlternativeForm): Uint8Array {
  const writer = new ByteWriter();
  writeAlternative(writer, {
    originalOffset: 0,
    replacementOffset: 0,
    feature: 0,
    originalSize,
    replacementSize: code.length,
    paddingSize,
  });
  return writer.toBytes();
}

function upload(model: XenModel, bytes: Uint8Array, name = "a"): string {
  const answer = model.upload(name, bytes);
  return answer.kind === "crash" ? answer.trap : answer.kind;
}

const cases: readonly (readonly [
  what: string,
  change: Partial<AlternativeForm>,
  unchecked: string,
  checked: string,
])[] = [
  ["an alternative of its own code", {}, "accepted", "accepted"],
  [
    "an original in front of the payload",
    { original: ["original", -PAGE] },
    ...(["alternatives-outside", "refused"] as const),
  ],
  [
    "an original that begins in front of the payload",
    { original: ["original", -5n] },
    ...(["alternatives-outside", "refused"] as const),
  ],
  [
    "a replacement in front of the payload",
    { replacement: ["replacement", -PAGE] },
    ...(["alternatives-outside", "refused"] as const),
  ],
  ["an original in Xen's code", { original: ["alpha", 0n] }, "alternatives-outside", "refused"],
  ["an original in Xen's data", { original: ["counter", 0n] }, "accepted", "refused"],
  ["a replacement in Xen's code", { replacement: ["alpha", 0n] }, "accepted", "refused"],
  [
    "a replacement that is gone",
    { replacement: ["start_xen", 0n] },
    "alternatives-outside",
    "refused",
  ],
  [
    "padding behind the code",
    { original: ["replacement", 0n], originalSize: 5, paddingSize: 1 },
    ...(["accepted", "accepted"] as const),
  ],
];

for (const [what, change, unchecked, checked] of cases) {
  test(`XenModel.upload() follows the offsets of ${what}`, () => {
    const bytes = payloadWith(change);
    assert.equal(upload(syntheticModel("4.14.6"), bytes), unchecked);
    assert.equal(upload(syntheticModel("4.17.5"), bytes), checked);
  });
}

test("XenModel.upload() knows that another payload's code is read-only", () => {
  const model = syntheticModel("4.14.6");
  assert.equal(upload(model, payloadWith({}, "02"), "low"), "accepted");
  // The code of "low", the rest of it, and the guard page.
  const distance = BigInt(model.payload("low")?.placement.bytes.length ?? 0) + PAGE;
  const bytes = payloadWith({ original: ["original", -distance] });
  assert.equal(upload(model, bytes, "up"), "alternatives-outside");
});

test("XenModel.upload() does not know what stands where an alternative was, in data either", () => {
  const model = syntheticModel("4.14.6");
  const data = { original: ["replacement", PAGE], originalSize: 5 } as const;
  assert.equal(upload(model, payloadWith(data)), "accepted");
  const base = model.payload("a")?.placement.base ?? 0n;
  const unknownIn = (start: bigint) => {
    const found = model.read(start, Number(PAGE));
    return found.kind === "bytes" ? (found.unknown ?? []).filter((why) => why !== 0).length : -1;
  };
  assert.deepEqual([unknownIn(base), unknownIn(base + PAGE)], [0, 5]);
});

test("XenModel.upload() tells the CPU's feature of which it takes note", () => {
  const answer = syntheticModel("4.14.6").upload(
    "a",
    payloadWith({ original: ["original", -PAGE] }),
  );
  assert.match(answer.kind === "crash" ? answer.words : "", /, where the CPU has feature 0$/);
});

test("XenModel.upload() answers any offset of an alternative, and never throws", () => {
  const offset = fc.integer({ min: -0x7fff_0000, max: 0x7fff_0000 });
  const branch = fc.constantFrom("e8", "e9", "90");
  fc.assert(
    fc.property(offset, offset, branch, (original, replacement, opcode) => {
      const code = Buffer.from(`${opcode}fbffffff`, "hex");
      const change = {
        original: ["original", BigInt(original)],
        replacement: ["replacement", BigInt(replacement)],
        code,
      } as const;
      for (const release of ["4.12.0", "4.14.6", "4.17.5"]) {
        const found = upload(syntheticModel(release), payloadWith(change));
        assert.match(found, /^(accepted|refused|alternatives-outside)$/);
      }
    }),
    { numRuns: 300 },
  );
});
