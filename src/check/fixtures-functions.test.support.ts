// Fixtures of what is wrong with a function that is patched, or with the look at it. Not a test.

import { parseHex } from "../bytes/hex.ts";
import type { HandMadeElf } from "../xen-model/hand-made-elf.test.support.ts";
import { type SyntheticEntry, TEXT_START } from "../xen-model/synthetic.test.support.ts";
import {
  alphaEntry,
  type Fixture,
  goodParts,
  goodPayload,
  makeElf,
  OLD_CODE,
  R_X86_64_64,
  withParts,
  withSection,
} from "./fixtures.test.support.ts";

const FUNCS = ".livepatch.funcs";
const OLD_ADDRESS = 16;
const APPLIED = 64;

export function functionFixtures(): readonly Fixture[] {
  return [...placeFixtures(), ...tableFixtures(), ...expectationFixtures()];
}

function payloadOf(...entries: readonly SyntheticEntry[]): Uint8Array {
  return goodPayload({ entries });
}

/** A payload that replaces the leaf on which a caller relies. */
export function leafBy(code: string): HandMadeElf {
  const parts = goodParts({ entries: [{ old: "leaf", by: "new_leaf", expectation: "8d5701" }] });
  return withSection(parts, ".text", () => ({ bytes: parseHex(code.padEnd(32, "90")) }));
}

const R_X86_64_PLT32 = 4;
const SHN_UNDEF = 0;

/** A payload of another build, with code that keeps a pointer in r9 across its call of the leaf. */
export function relyingOnLeaf(): HandMadeElf {
  // mov %rsi,%r9; call leaf; mov %rax,(%r9); ret
  const bytes = parseHex("4989f1e800000000498901c3");
  const relocations = [{ at: 4, type: R_X86_64_PLT32, symbol: "leaf", addend: -4n }];
  return withParts(
    goodParts({ id: "22" }),
    [{ name: ".text.relies", flags: "AX", bytes, relocations }],
    [
      { name: "relies", section: ".text.relies" },
      { name: "leaf", section: SHN_UNDEF },
    ],
  );
}

function placeFixtures(): readonly Fixture[] {
  const nameless = withSection(goodParts(), FUNCS, ({ relocations = [] }) => ({
    relocations: relocations.filter(({ at }) => at !== 0),
  }));
  return [
    {
      rule: "function-too-small",
      what: "a jump into 3 bytes",
      severity: "hazard",
      payloads: [payloadOf({ old: "tiny", by: "new_tiny", expectation: OLD_CODE })],
    },
    {
      rule: "outside-code",
      what: "a variable",
      severity: "hazard",
      payloads: [payloadOf({ old: "counter", by: "new_counter", expectation: "00" })],
      alongside: ["expectation-of-boot-code"],
    },
    {
      rule: "unpatchable-path",
      what: "live patching's own",
      severity: "hazard",
      payloads: [
        payloadOf({ old: "arch_livepatch_apply", by: "new_apply", expectation: OLD_CODE }),
      ],
    },
    {
      rule: "unpatchable-path",
      what: "memcpy",
      severity: "hazard",
      payloads: [payloadOf({ old: "memcpy", by: "new_memcpy", expectation: OLD_CODE })],
    },
    {
      rule: "caller-relies",
      what: "a body that changes what a caller keeps in a register",
      severity: "hazard",
      payloads: [makeElf(leafBy("4531c9c3"))], // xor %r9d,%r9d; ret
    },
    {
      rule: "caller-relies",
      what: "a body that calls somebody, who may change it",
      severity: "hazard",
      payloads: [makeElf(leafBy("ffd0c3"))], // call *%rax; ret
    },
    {
      rule: "init-memory",
      what: "a function of init",
      severity: "crash",
      verdict: "crash",
      payloads: [payloadOf({ old: "start_xen", by: "new_start", expectation: "00" })],
    },
    {
      rule: "init-memory",
      what: "code that refers to a function of init",
      payloads: [makeElf(referringTo("start_xen"))],
      severity: "hazard",
    },
    {
      rule: "unmapped-memory",
      what: "an entry without a name and an address",
      payloads: [makeElf(nameless)],
      severity: "crash",
      verdict: "crash",
    },
    {
      rule: "nop-over-endbr",
      what: "a check at an ENDBR64",
      payloads: [payloadOf({ old: "marked", by: { nopBytes: 0 } })],
      severity: "crash",
      verdict: "crash",
    },
    {
      rule: "write-protected",
      what: "a marker in its own code, on 4.16.4",
      payloads: [makeElf(ownMarker())],
      release: "4.16.4",
      severity: "crash",
      verdict: "crash",
    },
  ];
}

function referringTo(symbol: string): HandMadeElf {
  const relocations = [{ at: 0, type: R_X86_64_64, symbol }];
  const pointer = { name: ".rodata.pointer", flags: "A", bytes: new Uint8Array(8), relocations };
  return withParts(goodParts(), [pointer], [{ name: symbol, section: 0 }]);
}

/** An entry over a byte of the payload's own. */
function ownMarker(): HandMadeElf {
  const entries = [alphaEntry, { old: "the_marker", by: { nopBytes: 1 } }];
  const marked = withParts(
    goodParts({ entries }),
    [{ name: ".text.marker", flags: "AX", bytes: parseHex("cc".repeat(31)) }],
    [{ name: "the_marker", section: ".text.marker" }],
  );
  return withSection(marked, FUNCS, ({ relocations = [] }) => ({
    flags: "AW",
    relocations: [
      ...relocations,
      { at: 104 + OLD_ADDRESS, type: R_X86_64_64, symbol: "the_marker" },
    ],
  }));
}

function tableFixtures(): readonly Fixture[] {
  const twice = { old: "alpha", expectation: OLD_CODE };
  const inTable = (at: number, value: Uint8Array) =>
    withSection(goodParts(), FUNCS, ({ bytes }) => {
      const copy = Uint8Array.from(bytes);
      copy.set(value, at);
      return { bytes: copy };
    });
  const address = new Uint8Array(8);
  new DataView(address.buffer).setBigUint64(0, TEXT_START, true);
  return [
    {
      rule: "entry-patched-twice",
      what: "two bodies for alpha",
      severity: "hazard",
      payloads: [payloadOf({ ...twice, by: "new_alpha" }, { ...twice, by: "newer_alpha" })],
    },
    {
      rule: "numeric-address",
      what: "alpha by its number",
      severity: "hazard",
      payloads: [makeElf(inTable(OLD_ADDRESS, address))],
    },
    {
      rule: "state-in-file",
      what: "an entry that is applied",
      severity: "hazard",
      payloads: [makeElf(inTable(APPLIED, Uint8Array.of(1)))],
      release: "4.14.6",
    },
    {
      rule: "read-only-functions",
      what: "a read-only table on 4.17.1",
      payloads: [goodPayload()],
      release: "4.17.1",
      severity: "crash",
      verdict: "crash",
    },
  ];
}

function expectationFixtures(): readonly Fixture[] {
  return [
    {
      rule: "expectation-missing",
      what: "no look at alpha",
      severity: "hazard",
      payloads: [payloadOf({ old: "alpha", by: "new_alpha" })],
    },
    {
      rule: "expectation-of-boot-code",
      what: "an alternative",
      severity: "hazard",
      payloads: [payloadOf({ old: "delta", by: "new_delta", expectation: "31c00f1f4000" })],
    },
    {
      rule: "expectation-of-landing-mark",
      what: "an ENDBR64",
      severity: "hazard",
      payloads: [payloadOf({ old: "marked", by: "new_marked", expectation: "f30f1efa31c0" })],
    },
  ];
}
