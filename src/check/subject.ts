// A payload as the rules see it: its file, read as far as possible, and the hypervisor's code at the
// places that it patches. An unreadable file has no contents here; Xen's answer to it is in the
// verdict.

import { SectionFlag } from "../elf/constants.ts";
import { draftFrom } from "../elf/draft-from.ts";
import { describePlace, ElfError } from "../elf/errors.ts";
import type { ElfObject, Section } from "../elf/object.ts";
import { readElf } from "../elf/read.ts";
import { findSection } from "../elf/sections.ts";
import { ENDBR64_SIZE, startsWithEndbr64, startsWithPoisonedEndbr } from "../isa/endbr64.ts";
import { JUMP_SIZE } from "../isa/jump.ts";
import { PayloadError } from "../payload/errors.ts";
import { inspectPayload } from "../payload/inspect.ts";
import { isMarkerSymbol } from "../payload/marker.ts";
import type { PayloadContents, PayloadFunction } from "../payload/payload.ts";
import { type PointerFacts, pointerFactsOf } from "../payload/pointers/pointer-facts.ts";
import { LIVEPATCH_FUNC_SIZE } from "../xen-abi/livepatch-func.ts";
import { FUNCS_SECTION } from "../xen-abi/sections.ts";
import type { Hypervisor } from "../xen-model/hypervisor.ts";
import type { LoadedPayload } from "../xen-model/payload.ts";
import type { ImageFunction } from "../xen-model/xen-symbols.ts";

export interface PayloadToCheck {
  /** The name for the upload. */
  readonly name: string;
  /** The name of the file in messages. */
  readonly source: string;
  readonly bytes: Uint8Array;
}

export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** An entry of `.livepatch.funcs`. */
export interface SubjectEntry {
  readonly entry: PayloadFunction;
  /** Its name, or that of the symbol at its old address. */
  readonly label: string;
  /** In the user's file. */
  readonly where: string;
  /** `undefined` when no symbol has the name. */
  readonly oldAddress: bigint | undefined;
  /** The hypervisor's function around the old address. */
  readonly oldFunction: ImageFunction | undefined;
  /** The bytes that Xen overwrites when it applies the entry; `undefined` for none. */
  readonly written: AddressRange | undefined;
  /** The old code that it compares; `undefined` for none. */
  readonly expected: AddressRange | undefined;
}

export interface Subject extends PayloadToCheck {
  readonly object: ElfObject | undefined;
  readonly contents: PayloadContents | undefined;
  readonly loaded: LoadedPayload | undefined;
  /** The functions whose address the payload takes; `undefined` when the code cannot be followed. */
  readonly pointers: PointerFacts | undefined;
  readonly entries: readonly SubjectEntry[];
}

export function readSubject(
  payload: PayloadToCheck,
  loaded: LoadedPayload | undefined,
  hypervisor: Hypervisor,
): Subject {
  const object = attempt(() => {
    const opened = readElf(payload.bytes, payload.source);
    // Read once and checked, so later reads do not throw.
    void opened.symbols;
    return opened;
  });
  const contents = object && attempt(() => inspectPayload(payload.bytes, payload.source).contents);
  const table = object && findSection(object, FUNCS_SECTION);
  const entries = contents?.functions ?? [];
  return {
    ...payload,
    object,
    contents,
    loaded,
    pointers: object && attempt(() => pointerFactsOf(draftFrom(object))),
    entries: entries.map((entry, index) => {
      const where = whereIsEntry(payload.source, table, index, contents?.version ?? 2);
      return readEntry(entry, where, loaded?.functions[index]?.oldAddress, hypervisor);
    }),
  };
}

/** `section 3 ".text", offset 0x…` of a subject's file; `offset` is in the section. */
export function whereInSection(subject: Subject, section: Section, offset?: number): string {
  const { source } = subject;
  if (offset === undefined) return describePlace({ source, section });
  return describePlace({ source, section, offset: section.offset + offset });
}

/** Sections that are loaded into memory. */
export function loadedSections({ object }: Subject): readonly Section[] {
  return (object?.sections ?? []).filter(({ flags }) => (flags & SectionFlag.SHF_ALLOC) !== 0n);
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElfError || error instanceof PayloadError) return undefined;
    throw error;
  }
}

function whereIsEntry(
  source: string,
  section: Section | undefined,
  index: number,
  version: 1 | 2,
): string {
  if (section === undefined) return source;
  const offset = section.offset + index * LIVEPATCH_FUNC_SIZE[version];
  return describePlace({ source, section, offset });
}

/** @param resolved by Xen; the file alone has less information */
function readEntry(
  entry: PayloadFunction,
  where: string,
  resolved: bigint | undefined,
  hypervisor: Hypervisor,
): SubjectEntry {
  const oldAddress = resolved ?? addressInFile(entry, hypervisor);
  const length = entry.expectation?.length ?? 0;
  const isOurs = oldAddress !== undefined && isInImage(oldAddress, hypervisor);
  return {
    entry,
    where,
    oldAddress,
    label: labelOf(entry),
    oldFunction: isOurs ? hypervisor.facts.functionAt(oldAddress) : undefined,
    written: oldAddress === undefined ? undefined : writtenBy(entry, oldAddress, hypervisor),
    expected:
      oldAddress === undefined || length === 0
        ? undefined
        : { start: oldAddress, end: oldAddress + BigInt(length) },
  };
}

export function isInImage(address: bigint, { image }: Hypervisor): boolean {
  return image.start <= address && address < image.end;
}

/** A place in the payload itself, such as its marker. */
export function isOwn(address: bigint | undefined, { loaded }: Pick<Subject, "loaded">): boolean {
  if (address === undefined || loaded === undefined) return false;
  const { base, bytes } = loaded.placement;
  return base <= address && address < base + BigInt(bytes.length);
}

/** A place in the marker of a payload, which payloads compare to find what is below them; never executed. */
export function isInMarker({ entry: { oldAddress } }: SubjectEntry): boolean {
  return oldAddress.kind === "symbol" && isMarkerSymbol(oldAddress.symbol);
}

function labelOf({ name, oldAddress }: PayloadFunction): string {
  if (name !== undefined) return name;
  return oldAddress.kind === "symbol" ? oldAddress.symbol : "an entry without a name";
}

function addressInFile(
  { name, oldAddress }: PayloadFunction,
  { lookup }: Hypervisor,
): bigint | undefined {
  switch (oldAddress.kind) {
    case "name":
      return name === undefined ? undefined : lookup(name);
    case "symbol": {
      const base = lookup(oldAddress.symbol);
      return base === undefined ? undefined : BigInt.asUintN(64, base + oldAddress.addend);
    }
    case "address":
      return oldAddress.address;
    case "own":
      return undefined;
  }
}

function writtenBy(
  entry: PayloadFunction,
  oldAddress: bigint,
  hypervisor: Hypervisor,
): AddressRange | undefined {
  const skipped = landingSize(oldAddress, hypervisor);
  switch (entry.kind) {
    case "guard":
      return undefined;
    case "nop": {
      const end = oldAddress + BigInt(entry.newSize);
      const start = oldAddress + BigInt(skipped);
      return end > start ? { start, end } : undefined;
    }
    case "replace": {
      const start = oldAddress + BigInt(skipped);
      return { start, end: start + BigInt(JUMP_SIZE[hypervisor.architecture]) };
    }
  }
}

/** Size of a landing mark that Xen keeps; it writes the jump after it. */
export function landingSize(address: bigint, { features, facts }: Hypervisor): number {
  if (!features.has("endbr-aware")) return 0;
  const code = facts.fileBytes(address, ENDBR64_SIZE);
  const isMark = code !== undefined && (startsWithEndbr64(code) || startsWithPoisonedEndbr(code));
  return isMark ? ENDBR64_SIZE : 0;
}
