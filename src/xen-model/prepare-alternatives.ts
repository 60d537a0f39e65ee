// Alternatives and indirect calls of a payload, which Xen rewrites at load for the CPU that it runs
// on: ABI reference §1.8 and §2.10, steps 7 and 8. Which features the CPU has the model does not
// know, so what stands there afterwards is unknown, and so is whether the numbering of the features
// is that of this build.

import { ByteReader } from "../bytes/byte-reader.ts";
import { hexNumber, toHex } from "../bytes/hex.ts";
import { JUMP_SIZE, X86_JUMP_OPCODE } from "../isa/jump.ts";
import {
  ALT_CALL_INSTRUCTION_SIZE,
  ALT_CALL_SITE_SIZE,
  ALTERNATIVE_INVERTED,
  ALTERNATIVE_SIZE,
  type Alternative,
  alternativeLayoutOf,
  readAlternative,
} from "../xen-abi/alternatives.ts";
import { compareReleases } from "../xen-abi/release.ts";
import {
  ALT_CALL_SITES_SECTION,
  ALTERNATIVES_CODE_SECTION,
  ALTERNATIVES_SECTION,
} from "../xen-abi/sections.ts";
import type { LoadContext } from "./load-context.ts";
import type { UnknownRange } from "./memory.ts";
import { checkMultiple } from "./prepare-tables.ts";
import { findLoaded, findNamed, type LoadedSection } from "./special-sections.ts";
import type { StepId } from "./steps.ts";
import { crash, refuse } from "./verdict.ts";

/** Longest original with its padding, in bytes. */
const ORIGINAL_SIZE_MAX = 254;
/** More 32-bit words of CPU features than any release has, in bits. */
const FEATURE_COUNT_MAX = 64 * 32;
/** Features that every release has under the same number, that of CPUID, in bits. */
const COMMON_FEATURE_COUNT = 9 * 32;
const ALT_CALLS_SINCE = { major: 4, minor: 13, point: 0 } as const;
const POINTER_SIZE = 8;
const IBT_SINCE = { major: 4, minor: 17, point: 0 } as const;

/** Rewritten places in the payload's memory, in bytes from its start. */
export function prepareAlternatives(context: LoadContext): readonly UnknownRange[] {
  const { xen } = context;
  const step = "tables/alternatives";
  const table = findLoaded(context, ALTERNATIVES_SECTION, step);
  if (table === undefined) return [];
  const layout = alternativeLayoutOf(xen.release, xen.architecture);
  const size = ALTERNATIVE_SIZE[layout];
  checkMultiple(table.section, size, step);
  if (table.bytes.length === 0) return [];
  const reader = new ByteReader(table.bytes, ALTERNATIVES_SECTION);
  const entries = Array.from({ length: table.bytes.length / size }, (_, index) => {
    reader.seek(index * size);
    return locate(readAlternative(reader, layout), table, index * size, context);
  });
  if (xen.features.has("checks-alternatives-range")) checkRanges(context, entries);
  checkIbt(context);
  for (const entry of entries) {
    checkEntry(context, entry);
    followAltCall(context, entry);
  }
  if (entries.some(({ alternative }) => alternative.feature >= COMMON_FEATURE_COUNT)) {
    context.assumptions.push({
      about: "alternatives-feature",
      words: "its alternatives number CPU features as this hypervisor does",
    });
  }
  return entries.flatMap(({ original, originalSize }) =>
    clip(original, originalSize, context.placement.bytes.length),
  );
}

export function prepareAltCalls(context: LoadContext): readonly UnknownRange[] {
  const { file, placement, xen } = context;
  const step = "tables/alt-calls";
  const name = ALT_CALL_SITES_SECTION;
  if (!xen.features.has("alt-call-sites") || findNamed(file, name) === undefined) return [];
  const place = { section: name };
  if (xen.architecture !== "x86_64") {
    refuse(step, "EOPNOTSUPP", "Arm has no calls of this kind", { place });
  }
  const table = findLoaded(context, name, step);
  if (table === undefined) return [];
  checkMultiple(table.section, ALT_CALL_SITE_SIZE, step);
  const reader = new ByteReader(table.bytes, name);
  const sites: UnknownRange[] = [];
  for (let at = 0; at < table.bytes.length; at += ALT_CALL_SITE_SIZE) {
    const start = offsetIn(context, table) + at + reader.i32("alt_call");
    const end = start + ALT_CALL_INSTRUCTION_SIZE;
    if (!isInText(context, start, end)) {
      refuse(step, "EINVAL", "a call lies outside of the payload's code", { place });
    }
    const [opcode, operand] = placement.bytes.subarray(start, end);
    if (opcode !== 0xff || operand !== 0x15) {
      refuse(step, "EINVAL", "there is no indirect call at a site", { place });
    }
    sites.push({ start, end });
  }
  return sites;
}

interface LocatedAlternative {
  readonly alternative: Alternative;
  /** In the payload's memory, in bytes. */
  readonly original: number;
  readonly replacement: number;
  /** With its padding. */
  readonly originalSize: number;
}

function locate(
  alternative: Alternative,
  table: LoadedSection,
  at: number,
  context: LoadContext,
): LocatedAlternative {
  const field = offsetIn(context, table) + at;
  return {
    alternative,
    original: field + alternative.originalOffset,
    replacement: field + 4 + alternative.replacementOffset,
    originalSize: alternative.originalSize + (alternative.paddingSize ?? 0),
  };
}

function checkRanges(context: LoadContext, entries: readonly LocatedAlternative[]): void {
  const { placement } = context;
  const step = "tables/alternatives";
  const place = { section: ALTERNATIVES_SECTION };
  if (placement.groups.text.sizeBytes === 0) {
    refuse(step, "EINVAL", "there is no code that could have alternatives", { place });
  }
  const code = findLoaded(context, ALTERNATIVES_CODE_SECTION, step);
  if (code === undefined) {
    refuse(step, "EINVAL", `"${ALTERNATIVES_CODE_SECTION}" is missing`, { place });
  }
  const codeStart = offsetIn(context, code);
  for (const { alternative, original, originalSize, replacement } of entries) {
    if (!isInText(context, original, original + originalSize)) {
      refuse(step, "EINVAL", "an original lies outside of the payload's code", { place });
    }
    const end = replacement + alternative.replacementSize;
    if (replacement < codeStart || end > codeStart + code.bytes.length) {
      const words = `a replacement lies outside of "${ALTERNATIVES_CODE_SECTION}"`;
      refuse(step, "EINVAL", words, { place });
    }
  }
}

/** From 4.17 on alternatives touch memory that is gone after boot, on hosts that track branches. */
function checkIbt({ xen, cpu, assumptions }: LoadContext): void {
  const isNew = compareReleases(xen.release, IBT_SINCE) >= 0;
  const isHarmless = xen.features.has("alternatives-safe-with-ibt") || cpu.ibt === "inactive";
  if (xen.architecture !== "x86_64" || !isNew || isHarmless) return;
  const place = { section: ALTERNATIVES_SECTION };
  if (cpu.ibt === "active") {
    crash("alternatives-with-ibt", "tables/alternatives", "it has alternatives", place);
  }
  assumptions.push({ about: "cpu-features", words: "the host does not track indirect branches" });
}

function checkEntry({ xen }: LoadContext, entry: LocatedAlternative): void {
  const { alternative, originalSize } = entry;
  const { replacementSize, feature } = alternative;
  const step: StepId = "tables/alternatives";
  const place = { section: ALTERNATIVES_SECTION };
  if (xen.architecture === "aarch64") {
    if (replacementSize === originalSize) return;
    const words = `a replacement of ${replacementSize} bytes is for ${originalSize}`;
    crash("alternatives-length", step, words, place);
  }
  const isTooLong = replacementSize > originalSize || originalSize > ORIGINAL_SIZE_MAX;
  const inverted = xen.features.has("alt-call-sites") ? ALTERNATIVE_INVERTED : 0;
  const isNoFeature = (feature & ~inverted) >= FEATURE_COUNT_MAX;
  if (!isTooLong && !isNoFeature) return;
  const words = isNoFeature
    ? `there is no CPU feature ${feature}`
    : `${replacementSize} bytes are to replace ${originalSize}`;
  if (!xen.features.has("returns-alternatives-errors")) {
    crash("alternatives-check", step, words, place);
  }
  refuse(step, isNoFeature ? "ERANGE" : "ENOSPC", words, { place });
}

/**
 * An indirect call that is to become direct: Xen reads the pointer that it goes through. Up to 4.20
 * it is told by a replacement that jumps back to itself (ABI reference §1.8).
 */
function followAltCall({ xen, memory, placement }: LoadContext, entry: LocatedAlternative): void {
  const isKnown = compareReleases(xen.release, ALT_CALLS_SINCE) >= 0;
  if (!isKnown || xen.architecture !== "x86_64" || xen.features.has("alt-call-sites")) return;
  const { original, replacement, alternative } = entry;
  const code = placement.bytes.subarray(original, original + ALT_CALL_INSTRUCTION_SIZE);
  const [branch] = placement.bytes.subarray(replacement);
  const distance = placement.bytes.subarray(replacement + 1, replacement + JUMP_SIZE.x86_64);
  const operand = branch === 0xe8 ? 0x15 : branch === X86_JUMP_OPCODE ? 0x25 : undefined;
  const isBack = alternative.replacementSize >= JUMP_SIZE.x86_64 && toHex(distance) === "fbffffff";
  const isIndirect = code.length === ALT_CALL_INSTRUCTION_SIZE && code[0] === 0xff;
  if (!isBack || !isIndirect || operand === undefined || code[1] !== operand) return;
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  const next = placement.base + BigInt(original + ALT_CALL_INSTRUCTION_SIZE);
  const slot = BigInt.asUintN(64, next + BigInt(view.getInt32(2, true)));
  const found = memory.read(slot, POINTER_SIZE);
  if (found.kind !== "fault") return;
  const trap = found.gone ? "altcall-through-init" : "unmapped-memory";
  crash(trap, "tables/alternatives", `the pointer at ${hexNumber(slot)} is read`, {
    section: ALTERNATIVES_SECTION,
  });
}

function offsetIn({ placement }: LoadContext, { address }: LoadedSection): number {
  return Number(address - placement.base);
}

function isInText({ placement }: LoadContext, start: number, end: number): boolean {
  return start >= 0 && end <= placement.groups.text.sizeBytes;
}

function clip(start: number, size: number, length: number): UnknownRange[] {
  const range = { start: Math.max(start, 0), end: Math.min(start + size, length) };
  return range.start < range.end ? [range] : [];
}
