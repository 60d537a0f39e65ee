// What differs between releases, and what every release does with files of all kinds.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHex, toHex } from "../../bytes/hex.ts";
import { SectionType } from "../../elf/constants.ts";
import { Errno } from "../../xen-abi/errno.ts";
import { ModelError } from "../errors.ts";
import { type HandMadeSection, makeElf } from "../hand-made-elf.test.support.ts";
import {
  FUNCTION_SIZE,
  functionNames,
  type SyntheticPayload,
  syntheticModel,
  syntheticPayload,
  syntheticPayloadParts,
  TEXT_START,
} from "../synthetic.test.support.ts";

const alpha: SyntheticPayload = { id: "01", entries: [{ old: "alpha", by: "a_alpha" }] };
const alphaOfVersion1: SyntheticPayload = { ...alpha, version: 1 };

/** What comes of upload, and of apply when that is accepted: "ENOENT symbols/resolve", "done". */
const check = (release: string, bytes: Uint8Array): string => {
  const model = syntheticModel(release);
  const uploaded = model.upload("a", bytes);
  const answer =
    uploaded.kind === "accepted"
      ? model.act({ action: "apply", name: "a", dependencyCheck: "whole-chain" })
      : uploaded;
  const errnoName = (errno: number) =>
    Object.entries(Errno).find(([, value]) => value === errno)?.[0];
  if (answer.kind === "crash") return `crash ${answer.trap}`;
  if (answer.kind === "refused") return `${errnoName(answer.errno)} ${answer.step}`;
  return answer.kind;
};

const withSections = (...sections: readonly HandMadeSection[]) =>
  syntheticPayload({ ...alpha, more: { sections } });

const nullSymbol = (version: 1 | 2): Uint8Array => {
  const parts = syntheticPayloadParts({ ...alpha, version });
  const relocations = [{ at: 0, type: 1, symbol: "none" }];
  const section = { name: ".data.rel", flags: "A", bytes: new Uint8Array(8), relocations };
  return makeElf({ ...parts, sections: [...parts.sections, section] });
};

/** Xen does not look where the contents of SHT_NOBITS would lie, and reads a note there from 4.20 on. */
const zerosAt = (offset: bigint): Uint8Array => {
  const parts = syntheticPayloadParts(alpha);
  const zeros = { type: SectionType.SHT_NOBITS, offset };
  return makeElf({
    ...parts,
    sections: parts.sections.map((section) =>
      section.name === ".livepatch.xen_depends" ? { ...section, ...zeros } : section,
    ),
  });
};

/** Of sections that come after one another in one group; both lie where the group begins, over its names. */
const overflowing = (): Uint8Array => {
  const parts = syntheticPayloadParts(alpha);
  const aligned = [".livepatch.depends", ".livepatch.xen_depends"];
  return makeElf({
    ...parts,
    sections: parts.sections.map((section) =>
      aligned.includes(section.name) ? { ...section, alignment: 1n << 63n } : section,
    ),
  });
};

/** An original of 2 bytes in .text, and so many to put there. */
const longAlternative = (replacementSize = 5): Uint8Array => {
  const replacement = { name: ".altinstr_replacement", flags: "AX", bytes: new Uint8Array(5) };
  const entry = parseHex(`${"00000000".repeat(2)}0000020${replacementSize}0000`);
  const relocations = [
    { at: 0, type: 2, symbol: "original" },
    { at: 4, type: 2, symbol: "replacement" },
  ];
  const table = { name: ".altinstructions", flags: "A", bytes: entry, relocations };
  const symbols = [
    { name: "original", section: ".text", value: 4n },
    { name: "replacement", section: ".altinstr_replacement" },
  ];
  return syntheticPayload({ ...alpha, more: { sections: [replacement, table], symbols } });
};

const cases: readonly (readonly [what: string, bytes: Uint8Array, byRelease: object])[] = [
  ["a payload of version 2", syntheticPayload(alpha), { "4.13.1": "EINVAL functions/table" }],
  [
    "a payload of version 1",
    syntheticPayload(alphaOfVersion1),
    { "4.7.0": "done", "4.13.0": "done", "4.14.0": "EINVAL presence/mandatory" },
  ],
  [
    "a payload for another hypervisor",
    syntheticPayload({ ...alpha, xenDepends: "b2".repeat(20) }),
    { "4.17.5": "EINVAL build-id/hypervisor", "4.20.0": "EINVAL build-id/hypervisor" },
  ],
  [
    "functions that are read-only",
    syntheticPayload(alpha),
    { "4.17.0": "done", "4.17.1": "crash read-only-functions", "4.17.3": "done" },
  ],
  [
    "a relocation against symbol 0",
    nullSymbol(1),
    { "4.9.0": "crash null-symbol", "4.9.1": "EOPNOTSUPP relocations/symbol" },
  ],
  ["empty metadata", withSections(section(".modinfo", 0)), { "4.17.5": "crash empty-metadata" }],
  [
    "metadata that is not loaded",
    withSections({ name: ".modinfo", bytes: new Uint8Array(1) }),
    { "4.18.3": "crash section-not-loaded", "4.18.4": "done" },
  ],
  [
    "an alternative longer than the original",
    longAlternative(),
    { "4.19.0": "crash alternatives-check", "4.19.1": "ENOSPC tables/alternatives" },
  ],
  [
    "an unknown function that is too small",
    syntheticPayload({ id: "01", entries: [{ old: "nobody", by: "a_body", oldSize: 4 }] }),
    { "4.16.0": "EINVAL functions/size", "4.16.1": "ENOENT functions/name" },
  ],
  [
    "a function with ENDBR64 and room for a jump alone",
    syntheticPayload({ id: "01", entries: [{ old: "marked", by: "a_body", oldSize: 8 }] }),
    { "4.16.0": "done", "4.16.1": "EINVAL functions/size" },
  ],
  [
    "2 bytes of NOPs at an ENDBR64",
    syntheticPayload({ id: "01", entries: [{ old: "marked", by: { nopBytes: 2 } }] }),
    { "4.16.0": "done", "4.16.1": "crash nop-over-endbr" },
  ],
  [
    "a function that is gone after boot",
    syntheticPayload({ id: "01", entries: [{ old: "start_xen", by: "a_body" }] }),
    { "4.16.0": "crash init-memory", "4.17.5": "crash init-memory" },
  ],
  [
    "a note of zeros far behind the file",
    zerosAt(1n << 40n),
    { "4.17.5": "EINVAL build-id/xen-depends", "4.20.0": "crash unmapped-memory" },
  ],
  [
    "a note of zeros in front of the file",
    zerosAt((1n << 64n) - 0x1000n),
    { "4.17.5": "EINVAL build-id/xen-depends", "4.20.0": "crash unmapped-memory" },
  ],
  [
    "alignments that overflow 64 bits",
    overflowing(),
    { "4.14.0": "ENOENT functions/name", "4.20.0": "ENOENT functions/name" },
  ],
  [
    "an alignment of 3",
    withSections({ ...section(".rodata.odd", 3), alignment: 3n }),
    { "4.17.5": "EOPNOTSUPP sections/alignment" },
  ],
];

for (const [what, bytes, byRelease] of cases) {
  test(`XenModel.upload() knows what each release does with ${what}`, () => {
    const found = Object.keys(byRelease).map((release) => [release, check(release, bytes)]);
    assert.deepEqual(Object.fromEntries(found), byRelease);
  });
}

test("XenModel.upload() asks for the CPU where alternatives kill a host with IBT", () => {
  const bytes = longAlternative(2);
  const judge = (release: string, ibt?: "active" | "inactive") => {
    const answer = syntheticModel(release, { cpu: ibt ? { ibt } : {} }).upload("a", bytes);
    const assumed = answer.assumptions.map(({ about }) => about);
    return [answer.kind === "crash" ? answer.trap : answer.kind, ...assumed];
  };
  assert.deepEqual(judge("4.17.3", "active"), ["alternatives-with-ibt"]);
  assert.deepEqual(judge("4.17.3", "inactive"), ["accepted"]);
  assert.deepEqual(judge("4.17.3"), ["accepted", "cpu-features"]);
  assert.deepEqual(judge("4.17.4", "active"), ["accepted"]);
});

test("XenModel.upload() answers any file cut short or with bytes changed, and never throws", () => {
  const good = syntheticPayload({ ...alpha, metadata: ["a=b"] });
  const model = syntheticModel();
  const judge = (bytes: Uint8Array): void => {
    try {
      assert.match(model.fork().upload("a", bytes).kind, /^(accepted|refused|crash)$/);
    } catch (error) {
      assert.ok(error instanceof ModelError, String(error));
    }
  };
  for (let end = 0; end < good.length; end++) judge(good.subarray(0, end));
  const change = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Uint8Array.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      judge(bytes);
    }),
    { numRuns: 1000 },
  );
});

test("XenModel gives back the code to the byte when everything is reverted", () => {
  const order = fc.shuffledSubarray([...functionNames.keys()], { minLength: 1 });
  fc.assert(
    fc.property(fc.array(order, { minLength: 1, maxLength: 6 }), (stack) => {
      const model = syntheticModel();
      const size = functionNames.length * FUNCTION_SIZE;
      const code = () => {
        const found = model.read(TEXT_START, size);
        return found.kind === "bytes" ? toHex(found.bytes) : found.kind;
      };
      const states = [code()];
      for (const [index, functions] of stack.entries()) {
        const name = `p${index}`;
        const entries = functions.map((number) => ({
          old: functionNames[number] ?? "",
          by: `${name}_${number}`,
        }));
        const id = (index + 1).toString(16).padStart(2, "0");
        assert.equal(model.upload(name, syntheticPayload({ id, entries })).kind, "accepted");
        const request = { action: "apply", name, dependencyCheck: "hypervisor-only" } as const;
        assert.equal(model.act(request).kind, "done");
        states.push(code());
      }
      for (const index of [...stack.keys()].reverse()) {
        assert.equal(code(), states[index + 1]);
        const request = { action: "revert", dependencyCheck: "whole-chain" } as const;
        assert.equal(model.act({ ...request, name: `p${index}` }).kind, "done");
      }
      assert.equal(code(), states[0]);
    }),
    { numRuns: 30 },
  );
});

function section(name: string, size: number): HandMadeSection {
  return { name, flags: "A", bytes: new Uint8Array(size) };
}
