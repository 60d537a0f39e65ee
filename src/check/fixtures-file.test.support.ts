// Fixtures of what is wrong with a file as such. Not a test.

import { parseHex } from "../bytes/hex.ts";
import type { HandMadeElf, HandMadeSection } from "../xen-model/hand-made-elf.test.support.ts";
import {
  type Fixture,
  goodParts,
  goodPayload,
  makeElf,
  R_X86_64_64,
  R_X86_64_PC32,
  withAlternative,
  withHeader,
  withHook,
  withParts,
  withSection,
} from "./fixtures.test.support.ts";

const SH_SIZE = 32;
const SH_LINK = 40;
/** Symbols, and their names, come last. */
const SYMBOL_TABLE = -2;
const INDEX_OF_NAMES = 2;

export function fileFixtures(): readonly Fixture[] {
  return [...trapFixtures(), ...alternativeFixtures(), ...buildFixtures()];
}

function trapFixtures(): readonly Fixture[] {
  const unloaded = makeElf(withSection(goodParts(), ".note.gnu.build-id", () => ({ flags: "" })));
  const [text, ...rest] = goodParts().sections;
  const unaligned: HandMadeSection = {
    name: ".rodata.first",
    flags: "A",
    bytes: new Uint8Array(8),
    alignment: 0n,
  };
  const empty = { name: ".modinfo", flags: "A", bytes: new Uint8Array() };
  return [
    {
      rule: "section-not-loaded",
      what: "a build-id that is not loaded",
      payloads: [unloaded],
      severity: "crash",
      verdict: "crash",
    },
    {
      rule: "section-not-loaded",
      what: "the same where Xen reads freed memory",
      payloads: [unloaded],
      release: "4.20.1",
      severity: "hazard",
    },
    {
      rule: "zero-alignment",
      what: "the first read-only section without alignment",
      payloads: [makeElf({ ...goodParts(), sections: [text ?? unaligned, unaligned, ...rest] })],
      severity: "hazard",
    },
    {
      rule: "empty-metadata",
      what: "metadata of no bytes",
      payloads: [makeElf(withParts(goodParts(), [empty]))],
      severity: "crash",
      verdict: "crash",
    },
    {
      rule: "null-symbol",
      what: "a relocation against symbol 0 on 4.9.0",
      payloads: [nullSymbol(1)],
      release: "4.9.0",
      severity: "crash",
      verdict: "crash",
    },
    {
      rule: "null-symbol",
      what: "the same where Xen refuses it",
      payloads: [nullSymbol(2)],
      severity: "note",
      verdict: "refused",
    },
    {
      rule: "null-section",
      what: "names of symbols in section 0",
      payloads: [withHeader(goodPayload(), SYMBOL_TABLE, SH_LINK, 0n)],
      severity: "crash",
      verdict: "crash",
    },
    {
      rule: "section-size-wraps",
      what: "a section that ends before it begins",
      payloads: [withHeader(goodPayload(), INDEX_OF_NAMES, SH_SIZE, (1n << 64n) - 64n)],
      severity: "crash",
      verdict: "crash",
    },
  ];
}

function nullSymbol(version: 1 | 2): Uint8Array {
  const relocations = [{ at: 0, type: R_X86_64_64, symbol: "none" }];
  const section = { name: ".data.rel", flags: "A", bytes: new Uint8Array(8), relocations };
  return makeElf(withParts(goodParts({ version }), [section]));
}

function alternativeFixtures(): readonly Fixture[] {
  const tooLong = makeElf(withAlternative(goodParts(), { original: "9090" }));
  const altcall = withAlternative(goodParts(), {
    original: "ff1500000000",
    replacement: "e8fbffffff",
    refersTo: "start_xen",
  });
  const foreign = withAlternative(goodParts(), { feature: 999 });
  const alongside = ["alternatives-with-ibt"] as const;
  return [
    {
      rule: "alternatives-check",
      what: "an alternative longer than its original, 4.17.5",
      payloads: [tooLong],
      severity: "crash",
      verdict: "crash",
      alongside,
    },
    {
      rule: "alternatives-check",
      what: "the same where Xen refuses it",
      payloads: [tooLong],
      release: "4.20.1",
      severity: "note",
      verdict: "refused",
      alongside,
    },
    {
      rule: "alternatives-outside",
      what: "an alternative of what lies in front of the payload, 4.14.6",
      payloads: [makeElf(withAlternative(goodParts(), { isOriginalBelow: true }))],
      release: "4.14.6",
      severity: "crash",
      verdict: "crash",
      alongside,
    },
    {
      rule: "alternatives-with-ibt",
      what: "an alternative on 4.18.1",
      payloads: [makeElf(withAlternative(goodParts()))],
      release: "4.18.1",
      severity: "hazard",
    },
    {
      rule: "altcall-through-init",
      what: "a call through memory of init",
      payloads: [makeElf(altcall)],
      severity: "crash",
      verdict: "crash",
      alongside: ["alternatives-with-ibt", "init-memory"],
    },
    {
      rule: "foreign-alternatives",
      what: "a feature that this build never asks for",
      payloads: [makeElf(foreign)],
      severity: "hazard",
      alongside,
    },
    {
      rule: "foreign-alternatives",
      what: "alternatives for another build",
      payloads: [makeElf(withAlternative(goodParts({ xenDepends: "ee".repeat(20) })))],
      severity: "hazard",
      verdict: "refused",
      alongside,
    },
  ];
}

function buildFixtures(): readonly Fixture[] {
  const one = (rule: Fixture["rule"], what: string, parts: HandMadeElf): Fixture => ({
    rule,
    what,
    payloads: [makeElf(parts)],
    severity: "hazard",
  });
  const comment = { name: ".comment", bytes: Buffer.from("GCC: (GNU) 14.2.0\0") };
  const variable = { name: ".bss.percpu", flags: "AW", bytes: new Uint8Array(8) };
  const large = { name: ".rodata.large", flags: "A", bytes: new Uint8Array(8), alignment: 8192n };
  const frames = { name: ".bug_frames.0", flags: "A", bytes: new Uint8Array() };
  const nothing = { name: ".rodata.nothing", flags: "A", bytes: new Uint8Array() };
  const pointer = {
    name: ".rodata.pointer",
    flags: "A",
    bytes: new Uint8Array(8),
    relocations: [{ at: 0, type: R_X86_64_64, symbol: "nothing" }],
  };
  const lost = withParts(
    goodParts(),
    [nothing, pointer],
    [{ name: "nothing", section: ".rodata.nothing" }],
  );
  const warned = withHook("preapply", "31c0c3");
  const exceptions = { name: ".ex_table", flags: "A", bytes: new Uint8Array(8) };
  return [
    one("other-compiler", "GCC 14 for a hypervisor of GCC 12", withParts(goodParts(), [comment])),
    {
      ...one("per-cpu-data", "a variable", withParts(goodParts(), [variable])),
      alongside: ["one-way"],
    },
    one("large-alignment", "two pages", withParts(goodParts(), [large])),
    one("ignored-section", "two of bug frames", withParts(goodParts(), [frames, frames])),
    { ...one("reference-to-nowhere", "a pointer to an empty section", lost), release: "4.15.0" },
    { ...one("bug-marker", "0f 0b on 4.22", withBugFrame()), release: "4.22.0" },
    {
      ...one("fault-in-hook", "exceptions beside a preapply hook", withParts(warned, [exceptions])),
      release: "4.16.2",
      alongside: ["replace-refused"],
    },
    one("hook-without-endbr64", "a load hook", withHook("load", "c3")),
    {
      ...one(
        "inconsistent-hook",
        "an apply hook that does nothing",
        withHook("apply", "f30f1efa31c0c3"),
      ),
      severity: "crash",
      verdict: "crash",
    },
  ];
}

function withBugFrame(): HandMadeElf {
  const code = { name: ".text.bug", flags: "AX", bytes: parseHex("0f0bc3") };
  const frame = {
    name: ".bug_frames.1",
    flags: "A",
    bytes: new Uint8Array(8),
    relocations: [{ at: 0, type: R_X86_64_PC32, symbol: "the_bug" }],
  };
  return withParts(goodParts(), [code, frame], [{ name: "the_bug", section: ".text.bug" }]);
}
