// Fixtures of what becomes of a payload's addresses. Not a test.

import { parseHex } from "../bytes/hex.ts";
import type { HandMadeElf } from "../xen-model/hand-made-elf.test.support.ts";
import {
  type Fixture,
  goodParts,
  makeElf,
  R_X86_64_64,
  R_X86_64_PC32,
  withHook,
  withParts,
} from "./fixtures.test.support.ts";

const MARKED = "f30f1efac3";
const UNMARKED = "c3";
/** lea fresh(%rip),%rax */
const TAKES = "488d0500000000";
const TO_POINTER = "488907c3"; // mov %rax,(%rdi); ret
const TO_STACK = "4889442408c3"; // mov %rax,8(%rsp); ret

/** A new function, and one that takes its address and does something with it. */
function taking(fresh: string, deed: string, parts: HandMadeElf = goodParts()): HandMadeElf {
  return withParts(
    parts,
    [
      { name: ".text.fresh", flags: "AX", bytes: parseHex(fresh) },
      {
        name: ".text.taking",
        flags: "AX",
        bytes: parseHex(TAKES + deed),
        relocations: [{ at: 3, type: R_X86_64_PC32, symbol: "fresh", addend: -4n }],
      },
    ],
    [
      { name: "fresh", section: ".text.fresh", size: BigInt(fresh.length / 2) },
      { name: "taking", section: ".text.taking", size: BigInt((TAKES + deed).length / 2) },
    ],
  );
}

/** An unload hook that refers to the new function. */
function takingBack(): HandMadeElf {
  const parts = taking(MARKED, TO_POINTER, withHook("unload", `f30f1efa${TAKES}c3`));
  const sections = parts.sections.map((section) =>
    section.name === ".text.hook"
      ? {
          ...section,
          relocations: [{ at: 7, type: R_X86_64_PC32, symbol: "fresh", addend: -4n }],
        }
      : section,
  );
  const symbols = parts.symbols.map((symbol) =>
    symbol.name === "the_hook" ? { ...symbol, size: 12n } : symbol,
  );
  return { ...parts, sections, symbols };
}

/** A table of operations in the payload's own data. */
function inTable(): HandMadeElf {
  const table = {
    name: ".data.rel.ro",
    flags: "A",
    bytes: new Uint8Array(8),
    relocations: [{ at: 0, type: R_X86_64_64, symbol: "fresh" }],
  };
  return withParts(taking(UNMARKED, "c3"), [table]);
}

export function pointerFixtures(): readonly Fixture[] {
  return [
    {
      rule: "pointer-kept",
      what: "a new function that is stored through a pointer",
      severity: "hazard",
      payloads: [makeElf(taking(MARKED, TO_POINTER))],
    },
    {
      rule: "pointer-kept",
      what: "one that a hook takes back",
      severity: "note",
      payloads: [makeElf(takingBack())],
    },
    {
      rule: "pointer-without-endbr64",
      what: "a new function that is stored on the stack",
      severity: "hazard",
      payloads: [makeElf(taking(UNMARKED, TO_STACK))],
    },
    {
      rule: "pointer-without-endbr64",
      what: "one in a table",
      severity: "hazard",
      payloads: [makeElf(inTable())],
    },
  ];
}
