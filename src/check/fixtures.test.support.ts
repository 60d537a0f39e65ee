// What fixtures of rules are made of: payloads with nothing wrong, to be spoiled in one way each, and
// the hypervisor for them. Not a test.

import { parseHex } from "../bytes/hex.ts";
import {
  type HandMadeElf,
  type HandMadeSection,
  makeElf,
} from "../xen-model/hand-made-elf.test.support.ts";
import { type Hypervisor, openHypervisor } from "../xen-model/hypervisor.ts";
import {
  hookParts,
  idOf,
  type SyntheticPayload,
  syntheticPayloadParts,
  syntheticXenSyms,
  TEXT_START,
} from "../xen-model/synthetic.test.support.ts";
import type { RuleId } from "./rules.ts";
import type { StepAction } from "./step.ts";

export interface Fixture {
  readonly rule: RuleId;
  readonly what: string;
  readonly payloads: readonly Uint8Array[];
  readonly release?: string;
  readonly hypervisor?: Hypervisor;
  readonly action?: StepAction;
  readonly dependencyCheck?: "hypervisor-only";
  readonly severity: "crash" | "hazard" | "note";
  /** Of the last payload; accepted when left out. */
  readonly verdict?: "refused" | "crash";
  /** Rules that cannot but fire as well. */
  readonly alongside?: readonly RuleId[];
}

/** Of the synthetic alpha, beta, gamma and delta. */
export const OLD_CODE = "31c0";
/** What the payload of goodPayload() replaces, and what does the same to `beta`. */
export const alphaEntry = { old: "alpha", by: "new_alpha", expectation: OLD_CODE };
export const betaEntry = { old: "beta", by: "new_beta", expectation: OLD_CODE };
export const R_X86_64_64 = 1;
export const R_X86_64_PC32 = 2;

const EXTRA_START = TEXT_START + 0x8000n;
const CLOBBER_START = TEXT_START + 0x9000n;
const ALTERNATIVES_START = TEXT_START + 0xa000n;

const known = new Map<string, Hypervisor>();

/** The synthetic one with functions to go wrong with, a compiler, and tables of boot. */
export function checkedHypervisor(release = "4.17.5"): Hypervisor {
  const found = known.get(release);
  if (found !== undefined) return found;
  const code = function64("31c0c3");
  // lea 1(%rdi),%edx; mov %edx,%eax; ret. Who calls it keeps a pointer in r9: mov %rsi,%r9; call;
  // mov %rax,(%r9); ret.
  const leaf = function64("8d570189d0c3");
  const relying = function64("4989f1e8b8ffffff498901c3");
  // xor; call what lies 64 bytes before; jmp to the call.
  const waiting = function64("31c0e8b9ffffffebf9");
  // xor; hlt; ret
  const sleeping = function64("31c0f4c3");
  const clobber = new Uint8Array(8);
  new DataView(clobber.buffer).setBigUint64(0, TEXT_START + 0x100n, true);
  // 4 bytes of delta, from its second one on, for feature 700.
  const toDelta = new Uint8Array(4);
  const delta = TEXT_START + 0xc2n;
  new DataView(toDelta.buffer).setInt32(0, Number(delta - ALTERNATIVES_START), true);
  const alternative = Uint8Array.of(...toDelta, 0, 0, 0, 0, 0xbc, 2, 4, 0, 0, 0);
  const image = syntheticXenSyms(release, {
    sections: [
      {
        name: ".text.more",
        flags: "AX",
        address: EXTRA_START,
        bytes: Uint8Array.of(
          ...[...code, ...code, ...leaf, ...relying],
          ...[...code, ...waiting, ...sleeping],
        ),
      },
      { name: ".init.data", flags: "A", address: CLOBBER_START, bytes: clobber },
      { name: ".init.alt", flags: "A", address: ALTERNATIVES_START, bytes: alternative },
      { name: ".comment", bytes: Buffer.from("GCC: (Debian 12.2.0-14) 12.2.0\0") },
    ],
    symbols: [
      { name: "memcpy", section: ".text.more", value: EXTRA_START, size: 64n },
      { name: "arch_livepatch_apply", section: ".text.more", value: EXTRA_START, size: 64n },
      { name: "tiny", section: ".text.more", value: EXTRA_START + 64n, size: 3n },
      { name: "leaf", section: ".text.more", value: EXTRA_START + 128n, size: 64n },
      { name: "relying", section: ".text.more", value: EXTRA_START + 192n, size: 64n },
      {
        name: "check_for_livepatch_work",
        section: ".text.more",
        value: EXTRA_START + 256n,
        size: 64n,
      },
      { name: "idle_loop", section: ".text.more", value: EXTRA_START + 320n, size: 64n },
      { name: "default_dead_idle", section: ".text.more", value: EXTRA_START + 384n, size: 64n },
      { name: "__initdata_cf_clobber_start", section: ".init.data", value: CLOBBER_START },
      { name: "__initdata_cf_clobber_end", section: ".init.data", value: CLOBBER_START + 8n },
      { name: "__alt_instructions", section: ".init.alt", value: ALTERNATIVES_START },
      { name: "__alt_instructions_end", section: ".init.alt", value: ALTERNATIVES_START + 14n },
    ],
  });
  const opened = openHypervisor(image, "synthetic xen-syms");
  known.set(release, opened);
  return opened;
}

/** With NOPs behind it, 64 bytes. */
function function64(hex: string): Uint8Array {
  return parseHex(hex.padEnd(128, "90"));
}

/** The parts of a payload with nothing wrong: one new body for alpha, and a look at the old one. */
export function goodParts(change: Partial<SyntheticPayload> = {}): HandMadeElf {
  return syntheticPayloadParts({
    id: "11",
    entries: [alphaEntry],
    ...change,
  });
}

export const goodPayload = (change: Partial<SyntheticPayload> = {}): Uint8Array =>
  makeElf(goodParts(change));

/** Sections are put at the end, where no other moves. */
export function withParts(
  parts: HandMadeElf,
  sections: readonly HandMadeSection[],
  symbols: HandMadeElf["symbols"] = [],
): HandMadeElf {
  return {
    ...parts,
    sections: [...parts.sections, ...sections],
    symbols: [...parts.symbols, ...symbols],
  };
}

/** With fields of a section changed. */
export function withSection(
  parts: HandMadeElf,
  name: string,
  change: (section: HandMadeSection) => Partial<HandMadeSection>,
): HandMadeElf {
  const sections = parts.sections.map((section) =>
    section.name === name ? { ...section, ...change(section) } : section,
  );
  return { ...parts, sections };
}

/** A field in a section's header, counted from the last section when negative. */
export function withHeader(
  bytes: Uint8Array,
  section: number,
  field: number,
  value: bigint,
): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const count = view.getUint16(60, true);
  const index = section < 0 ? count + section : section;
  const at = Number(view.getBigUint64(40, true)) + index * 64 + field;
  view.setBigUint64(at, value, true);
  return copy;
}

/** A payload with a hook of the kind, whose code is `code`. */
export function withHook(
  kind: string,
  code: string,
  change: Partial<SyntheticPayload> = {},
): HandMadeElf {
  const { sections, symbols } = hookParts(kind, code);
  return withParts(goodParts(change), sections, symbols);
}

export interface AlternativeRecipe {
  readonly feature?: number;
  readonly original?: string;
  readonly replacement?: string;
  /** What the original refers to by its last 4 bytes, an undefined symbol. */
  readonly refersTo?: string;
  /** The original lies on the page in front of the payload. */
  readonly isOriginalBelow?: boolean;
}

const PAGE_SIZE = 4096n;

/** One alternative, of as many bytes as are given. */
export function withAlternative(
  parts: HandMadeElf,
  {
    feature = 0,
    original = "90".repeat(6),
    replacement = "90".repeat(5),
    refersTo,
    isOriginalBelow = false,
  }: AlternativeRecipe = {},
): HandMadeElf {
  const sizes = Uint8Array.of(original.length / 2, replacement.length / 2, 0, 0);
  const entry = Uint8Array.of(...new Uint8Array(8), feature & 0xff, feature >> 8, ...sizes);
  const code = { name: ".text.alternative", flags: "AX", bytes: parseHex(original) };
  return withParts(
    parts,
    [
      refersTo === undefined
        ? code
        : {
            ...code,
            relocations: [{ at: 2, type: R_X86_64_PC32, symbol: refersTo, addend: -4n }],
          },
      { name: ".altinstr_replacement", flags: "AX", bytes: parseHex(replacement) },
      {
        name: ".altinstructions",
        flags: "A",
        bytes: entry,
        relocations: [
          {
            at: 0,
            type: R_X86_64_PC32,
            symbol: "original",
            addend: isOriginalBelow ? -PAGE_SIZE : 0n,
          },
          { at: 4, type: R_X86_64_PC32, symbol: "replacement" },
        ],
      },
    ],
    [
      { name: "original", section: ".text.alternative" },
      { name: "replacement", section: ".altinstr_replacement" },
      ...(refersTo === undefined ? [] : [{ name: refersTo, section: 0 }]),
    ],
  );
}

export { idOf, makeElf };
