// Names of a payload's symbols. Xen refuses a payload when one of its symbols, even a local one, has a
// name that Xen or another loaded payload uses (ABI reference §2.11), so every name gets a tag: a short
// hash of all inputs of the payload. The same inputs give the same tag on any machine; the symbol map
// tells a later payload which name belongs to which source symbol.

import { createHash, type Hash } from "node:crypto";
import { toHex } from "../../bytes/hex.ts";
import { Machine, SectionFlag } from "../../elf/constants.ts";
import {
  type DraftSection,
  type DraftSymbol,
  type ElfDraft,
  sizeOfSection,
} from "../../elf/draft.ts";
import { numberOfSectionType, numberOfSymbolBinding, numberOfSymbolType } from "../../elf/names.ts";
import { PAYLOAD_SYMBOL_NAME_MAX } from "../../xen-abi/limits.ts";
import type { EmitInput, Keeping, Stacking } from "./input.ts";

/** Hexadecimal digits: 40 bits, so that even a thousand payloads hardly ever share a tag. */
const TAG_DIGITS = 10;

/** SHA-256 of everything that decides the payload's behaviour: code, data, entries, dependencies. */
export function hashInputs(draft: ElfDraft, input: EmitInput): Uint8Array {
  const hash = createHash("sha256");
  hashSections(hash, draft);
  hashText(hash, [
    input.architecture,
    input.payloadVersion,
    input.funcsAccess,
    toHex(input.depends),
    toHex(input.xenDepends),
    input.replacements.map(({ oldName, oldSizeBytes, newBody, expectation }) => [
      oldName,
      oldSizeBytes,
      newBody.name,
      toHex(expectation ?? new Uint8Array()),
    ]),
    input.guards.map(({ label, oldName, oldOffset, bytes }) => [
      label,
      oldName,
      oldOffset,
      toHex(bytes),
    ]),
    input.hooks.map(({ kind, code }) => [kind, code.name]),
    stackingParts(input.stacking),
    input.metadata,
    ...(input.keeping === undefined ? [] : [keepingParts(input.keeping)]),
  ]);
  return new Uint8Array(hash.digest());
}

export function tagOfHash(hash: Uint8Array): string {
  return toHex(hash).slice(0, TAG_DIGITS);
}

function keepingParts({ returnThunk, entries, calls }: Keeping): readonly unknown[] {
  return [
    returnThunk,
    entries.map(({ newBody, registers }) => [newBody.name, registers]),
    calls.map(({ caller, fieldOffset, registers }) => [caller.name, fieldOffset, registers]),
  ];
}

function stackingParts({ mode, guard, marker, requires }: Stacking): readonly unknown[] {
  const required = requires.map(({ buildId, marker: other }) =>
    other === undefined ? [buildId] : [buildId, other.symbol, toHex(other.id)],
  );
  return [mode, guard, marker, required];
}

function hashSections(hash: Hash, draft: ElfDraft): void {
  const sectionNumbers = new Map(draft.sections.map((section, index) => [section, index]));
  const symbolNumbers = new Map(draft.symbols.map((symbol, index) => [symbol, index]));
  for (const section of draft.sections) {
    const { name, type, flags, alignment, entrySize, content } = section;
    const relocations = section.relocations.map((relocation) => [
      relocation.offset,
      relocation.type,
      symbolNumbers.get(relocation.symbol),
      relocation.addend.toString(),
    ]);
    const size = sizeOfSection(section);
    const typeNumber = numberOfSectionType(type);
    hashText(hash, [name, typeNumber, flags.toString(), alignment, entrySize, size, relocations]);
    if (content instanceof Uint8Array) hash.update(content);
  }
  for (const { name, value, size, binding, type, place } of draft.symbols) {
    const where = typeof place === "string" ? place : sectionNumbers.get(place);
    const kind = [numberOfSymbolBinding(binding), numberOfSymbolType(type)];
    hashText(hash, [name, value.toString(), size.toString(), ...kind, where]);
  }
}

/** JSON marks where each part ends, so that different inputs never give the same text. */
function hashText(hash: Hash, parts: readonly unknown[]): void {
  hash.update(`${JSON.stringify(parts)}\n`);
}

/** Gives a unique name to every symbol that Xen would record. */
export function tagSymbols(draft: ElfDraft, tag: string): void {
  const taken = new Set(draft.symbols.map(({ name }) => name));
  const hasMappingSymbols = draft.machine === Machine.EM_AARCH64;
  for (const symbol of draft.symbols) {
    if (hasMappingSymbols && /^\$[adtx](\.|$)/.test(symbol.name)) continue;
    if (isRecorded(symbol)) symbol.name = freshName(symbol.name, `.xs${tag}`, taken);
  }
}

/** The name of a symbol before tagSymbols(); names without a tag are returned unchanged. */
export function withoutTag(name: string): string {
  return name.replace(/\.xs[0-9a-f]{10}(\.\d+)?$/, "");
}

/**
 * Xen's rule for symbols that enter its table, and so must be unique: §2.11; mapping symbols of Arm do
 * not.
 */
function isRecorded({ name, place, type }: DraftSymbol): boolean {
  if (typeof place === "string" || name === "" || type === "STT_SECTION") return false;
  return !isExemptLabel(name, place);
}

function isExemptLabel(name: string, place: DraftSection): boolean {
  return name.startsWith(".L") && (place.flags & SectionFlag.SHF_MERGE) !== 0n;
}

function freshName(name: string, suffix: string, taken: Set<string>): string {
  for (let attempt = 1; ; attempt++) {
    const ending = attempt === 1 ? suffix : `${suffix}.${attempt}`;
    const candidate = firstBytes(name, PAYLOAD_SYMBOL_NAME_MAX - ending.length) + ending;
    if (taken.has(candidate)) continue;
    taken.add(candidate);
    return candidate;
  }
}

/** Only whole characters; Xen counts bytes of UTF-8. */
function firstBytes(text: string, count: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= count) return text;
  return new TextDecoder("utf-8").decode(bytes.subarray(0, count), { stream: true });
}
