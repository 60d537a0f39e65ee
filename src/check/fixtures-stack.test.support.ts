// Fixtures of what goes wrong between payloads. Not a test.

import { parseHex } from "../bytes/hex.ts";
import type { HandMadeElf } from "../xen-model/hand-made-elf.test.support.ts";
import {
  alphaEntry,
  betaEntry,
  type Fixture,
  goodParts,
  goodPayload,
  idOf,
  makeElf,
  R_X86_64_64,
  withHook,
  withParts,
} from "./fixtures.test.support.ts";

const R_X86_64_PLT32 = 4;
const nodeps = { dependencyCheck: "hypervisor-only" } as const;

export function stackFixtures(): readonly Fixture[] {
  return [...functionFixtures(), ...bindingFixtures(), ...replaceFixtures()];
}

/** The entry of a patched function, as far as it can be expected. */
const JUMP = "e9";

function functionFixtures(): readonly Fixture[] {
  const second = (depends?: string, expectation = JUMP) =>
    goodPayload({
      id: "22",
      entries: [{ old: "alpha", by: "newer_alpha", expectation }],
      ...(depends === undefined ? {} : { depends }),
    });
  return [
    {
      rule: "patched-by-two-payloads",
      what: "independent ones",
      severity: "hazard",
      payloads: [goodPayload(), second()],
      ...nodeps,
    },
    {
      rule: "patched-by-two-payloads",
      what: "one on top of the other",
      severity: "note",
      payloads: [goodPayload(), second(idOf("11"))],
    },
    {
      rule: "expectation-of-jump",
      what: "the distance to the payload below",
      payloads: [goodPayload(), second(idOf("11"), `${JUMP}00000000`)],
      severity: "hazard",
      alongside: ["patched-by-two-payloads"],
    },
    {
      rule: "superseded-code-reachable",
      what: "a call of the own copy",
      severity: "hazard",
      payloads: [makeElf(calling("new_alpha"))],
    },
    {
      rule: "superseded-code-reachable",
      what: "a pointer to the own copy",
      payloads: [makeElf(pointingTo("new_alpha"))],
      severity: "hazard",
      alongside: ["pointer-without-endbr64"],
    },
    {
      rule: "superseded-code-reachable",
      what: "a call that the assembler resolved",
      payloads: [makeElf(callingInside())],
      severity: "hazard",
    },
    {
      rule: "superseded-code-reachable",
      what: "a copy that a later payload supersedes",
      payloads: [makeElf(calling("new_alpha")), second(idOf("11"))],
      severity: "hazard",
      alongside: ["patched-by-two-payloads"],
    },
  ];
}

/** Code that calls a symbol of the payload. */
function calling(symbol: string): HandMadeElf {
  const relocations = [{ at: 1, type: R_X86_64_PLT32, symbol, addend: -4n }];
  const code = { name: ".text.caller", flags: "AX", bytes: parseHex("e800000000c3"), relocations };
  return withParts(goodParts(), [code], [{ name: "the_caller", section: ".text.caller" }]);
}

function pointingTo(symbol: string): HandMadeElf {
  const relocations = [{ at: 0, type: R_X86_64_64, symbol }];
  const pointer = { name: ".rodata.pointer", flags: "A", bytes: new Uint8Array(8), relocations };
  return withParts(goodParts(), [pointer]);
}

/** Two bodies in one section, of which the second calls the first without a relocation. */
function callingInside(): HandMadeElf {
  const parts = goodParts({
    entries: [alphaEntry, betaEntry],
  });
  const sections = parts.sections.map((section) => {
    if (section.name !== ".text") return section;
    const bytes = Uint8Array.from(section.bytes);
    // At 16: call to 0.
    bytes.set(parseHex("e8ebffffffc3"), 16);
    return { ...section, bytes };
  });
  return { ...parts, sections };
}

function bindingFixtures(): readonly Fixture[] {
  const shared = { name: "shared", section: ".rodata.shared" };
  const bringing = withParts(
    goodParts(),
    [{ name: ".rodata.shared", flags: "A", bytes: new Uint8Array(8) }],
    [shared],
  );
  const relocations = [{ at: 0, type: R_X86_64_64, symbol: "shared" }];
  const using = withParts(
    goodParts({
      id: "22",
      depends: idOf("11"),
      entries: [betaEntry],
    }),
    [{ name: ".rodata.pointer", flags: "A", bytes: new Uint8Array(8), relocations }],
    [{ ...shared, section: 0 }],
  );
  const bringingCode = withParts(
    goodParts(),
    [{ name: ".text.fresh", flags: "AX", bytes: new Uint8Array(16).fill(0xc3) }],
    [{ name: "fresh", section: ".text.fresh", size: 16n }],
  );
  const patchingFresh = (expectation?: string) =>
    goodPayload({
      id: "22",
      depends: idOf("11"),
      entries: [
        {
          old: "fresh",
          by: "newer",
          oldSize: 16,
          ...(expectation === undefined ? {} : { expectation }),
        },
      ],
    });
  return [
    {
      rule: "bound-to-payload",
      what: "data of the payload below",
      severity: "hazard",
      payloads: [makeElf(bringing), makeElf(using)],
    },
    {
      rule: "bound-to-payload",
      what: "a function of the payload below",
      severity: "hazard",
      payloads: [makeElf(bringingCode), patchingFresh("c3")],
    },
    {
      rule: "expectation-missing",
      what: "no look at code of the payload below",
      payloads: [makeElf(bringingCode), patchingFresh()],
      severity: "hazard",
      alongside: ["bound-to-payload"],
    },
    {
      rule: "one-way",
      what: "writable data",
      severity: "hazard",
      payloads: [goodPayload({ data: true })],
    },
  ];
}

function replaceFixtures(): readonly Fixture[] {
  const ready = "f30f1efa31c0c3";
  const wrong = goodPayload({
    id: "22",
    entries: [{ old: "alpha", by: "newer_alpha", expectation: "ffff" }],
  });
  return [
    {
      rule: "cannot-be-reverted",
      what: "a revert hook that lies",
      severity: "hazard",
      payloads: [makeElf(withHook("revert", ready))],
    },
    {
      rule: "cannot-be-reverted",
      what: "a prerevert hook that always says no",
      payloads: [makeElf(withHook("prerevert", "f30f1efab8ffffffffc3"))],
      severity: "hazard",
      alongside: ["replace-refused"],
    },
    {
      rule: "replace-refused",
      what: "a preapply hook",
      severity: "hazard",
      payloads: [makeElf(withHook("preapply", ready))],
      action: "replace",
      verdict: "refused",
    },
    {
      rule: "replace-refused",
      what: "a preapply hook that is applied",
      severity: "note",
      payloads: [makeElf(withHook("preapply", ready))],
    },
    {
      rule: "replace-without-way-back",
      what: "a check that does not hold",
      payloads: [goodPayload(), wrong],
      action: "replace",
      severity: "hazard",
      verdict: "refused",
    },
  ];
}
