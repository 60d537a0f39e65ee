// Fixtures of AArch64, with a hypervisor of their own. Not a test.

import { parseHex } from "../bytes/hex.ts";
import { ElfType, Machine } from "../elf/constants.ts";
import { encodeBuildIdNote } from "../xen-abi/build-id-note.ts";
import type { HandMadeElf } from "../xen-model/hand-made-elf.test.support.ts";
import { type Hypervisor, openHypervisor } from "../xen-model/hypervisor.ts";
import { XEN_ID } from "../xen-model/synthetic.test.support.ts";
import { type Fixture, goodParts, makeElf, withParts } from "./fixtures.test.support.ts";

const TEXT = 0xa0000200000n;
const R_AARCH64_ABS64 = 257;
const R_AARCH64_PREL32 = 261;
const R_AARCH64_TSTBR14 = 279;
const machine = Machine.EM_AARCH64;
const NOP = "1f2003d5";

export function armFixtures(): readonly Fixture[] {
  const hypervisor = armHypervisor();
  return [
    {
      rule: "alternatives-length",
      what: "one word for two",
      hypervisor,
      payloads: [alternatives()],
      severity: "crash",
      verdict: "crash",
    },
    {
      rule: "outside-image",
      what: "code of the payload itself",
      hypervisor,
      payloads: [ownCode()],
      severity: "crash",
      verdict: "crash",
    },
    {
      rule: "truncated-branch",
      what: "tbz over 64 KiB",
      hypervisor,
      payloads: [farBranch()],
      severity: "hazard",
    },
  ];
}

function armHypervisor(): Hypervisor {
  const image = makeElf({
    type: ElfType.ET_EXEC,
    machine,
    sections: [
      { name: ".text", flags: "AX", bytes: parseHex(NOP.repeat(0x400)), address: TEXT },
      {
        name: ".note.gnu.build-id",
        flags: "A",
        address: TEXT + 0x1000n,
        bytes: encodeBuildIdNote(parseHex(XEN_ID)),
      },
    ],
    symbols: [{ name: "alpha", section: ".text", value: TEXT, size: 64n }],
  });
  return openHypervisor(image, "synthetic xen-syms for AArch64", { release: "4.20.1" });
}

/** With the relocations of the other machine. */
function armPayload(parts: HandMadeElf): Uint8Array {
  const sections = parts.sections.map(({ relocations, ...section }) => ({
    ...section,
    ...(relocations && {
      relocations: relocations.map((one) => ({
        ...one,
        type: one.type === 1 ? R_AARCH64_ABS64 : one.type,
      })),
    }),
  }));
  return makeElf({ ...parts, sections, machine });
}

const good = (): HandMadeElf =>
  goodParts({ entries: [{ old: "alpha", by: "new_alpha", expectation: NOP }] });

function alternatives(): Uint8Array {
  const entry = parseHex(`${"00".repeat(8)}00000804`);
  const code = (name: string, words: number) => ({
    name,
    flags: "AX",
    bytes: parseHex(NOP.repeat(words)),
    alignment: 4n,
  });
  const table = {
    name: ".altinstructions",
    flags: "A",
    bytes: entry,
    alignment: 4n,
    relocations: [
      { at: 0, type: R_AARCH64_PREL32, symbol: "original" },
      { at: 4, type: R_AARCH64_PREL32, symbol: "replacement" },
    ],
  };
  return armPayload(
    withParts(
      good(),
      [code(".text.original", 2), code(".altinstr_replacement", 1), table],
      [
        { name: "original", section: ".text.original" },
        { name: "replacement", section: ".altinstr_replacement" },
      ],
    ),
  );
}

function ownCode(): Uint8Array {
  const parts = withParts(
    goodParts({
      entries: [
        { old: "alpha", by: "new_alpha", expectation: NOP },
        { old: "own_code", by: { nopBytes: 4 } },
      ],
    }),
    [{ name: ".text.own", flags: "AX", bytes: parseHex(NOP), alignment: 4n }],
    [{ name: "own_code", section: ".text.own" }],
  );
  const sections = parts.sections.map((section) =>
    section.name === ".livepatch.funcs"
      ? {
          ...section,
          relocations: [
            ...(section.relocations ?? []),
            { at: 104 + 16, type: R_AARCH64_ABS64, symbol: "own_code" },
          ],
        }
      : section,
  );
  return armPayload({ ...parts, sections });
}

function farBranch(): Uint8Array {
  const relocations = [{ at: 0, type: R_AARCH64_TSTBR14, symbol: "far" }];
  return armPayload(
    withParts(
      good(),
      [
        // tbz w0, #0
        {
          name: ".text.near",
          flags: "AX",
          bytes: parseHex("00000036"),
          alignment: 4n,
          relocations,
        },
        { name: ".text.between", flags: "AX", bytes: new Uint8Array(65536), alignment: 4n },
        { name: ".text.far", flags: "AX", bytes: parseHex(NOP), alignment: 4n },
      ],
      [{ name: "far", section: ".text.far" }],
    ),
  );
}
