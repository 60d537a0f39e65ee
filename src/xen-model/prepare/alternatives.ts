// Alternatives and indirect calls of a payload, which Xen rewrites at load for the CPU that it runs
// on: ABI reference §1.8 and §2.10, steps 7 and 8. Here is what Xen checks of them; what it does with
// those that pass is in apply-alternative.ts. Whether the numbering of the CPU's features is that of
// this build the model cannot know.

import { ByteReader } from "../../bytes/byte-reader.ts";
import {
  ALT_CALL_INSTRUCTION_SIZE,
  ALT_CALL_SITE_SIZE,
  ALTERNATIVE_INVERTED,
  ALTERNATIVE_SIZE,
  type Alternative,
  alternativeLayoutOf,
  readAlternative,
} from "../../xen-abi/alternatives.ts";
import { compareReleases } from "../../xen-abi/release.ts";
import {
  ALT_CALL_SITES_SECTION,
  ALTERNATIVES_CODE_SECTION,
  ALTERNATIVES_SECTION,
} from "../../xen-abi/sections.ts";
import type { LoadContext } from "../load/load-context.ts";
import { findLoaded, findNamed } from "../load/special-sections.ts";
import type { StepId } from "../steps.ts";
import { crash, refuse } from "../verdict.ts";
import { applyAlternative, type LocatedAlternative, overwrite } from "./apply-alternative.ts";
import { checkMultiple } from "./tables.ts";

/** Longest original with its padding, in bytes. */
const ORIGINAL_SIZE_MAX = 254;
/** More 32-bit words of CPU features than any release has, in bits. */
const FEATURE_COUNT_MAX = 64 * 32;
/** Features that every release has under the same number, that of CPUID, in bits. */
const COMMON_FEATURE_COUNT = 9 * 32;
/** Where the offset of the replacement lies in an entry, in bytes. */
const REPLACEMENT_FIELD = 4;
const IBT_SINCE = { major: 4, minor: 17, point: 0 } as const;

export function prepareAlternatives(context: LoadContext): void {
  const { xen } = context;
  const step = "tables/alternatives";
  const table = findLoaded(context, ALTERNATIVES_SECTION, step);
  if (table === undefined) return;
  const layout = alternativeLayoutOf(xen.release, xen.architecture);
  const size = ALTERNATIVE_SIZE[layout];
  checkMultiple(table.section, size, step);
  if (table.bytes.length === 0) return;
  const reader = new ByteReader(table.bytes, ALTERNATIVES_SECTION);
  const entries = Array.from({ length: table.bytes.length / size }, (_, index) => {
    reader.seek(index * size);
    return locate(readAlternative(reader, layout), table.address + BigInt(index * size));
  });
  if (xen.features.has("checks-alternatives-range")) checkRanges(context, entries);
  checkIbt(context);
  for (const entry of entries) {
    checkEntry(context, entry);
    applyAlternative(context, entry);
  }
  if (entries.some(({ alternative }) => alternative.feature >= COMMON_FEATURE_COUNT)) {
    context.assumptions.push({
      about: "alternatives-feature",
      words: "its alternatives number CPU features as this hypervisor does",
    });
  }
}

export function prepareAltCalls(context: LoadContext): void {
  const { file, memory, xen } = context;
  const step = "tables/alt-calls";
  const name = ALT_CALL_SITES_SECTION;
  if (!xen.features.has("alt-call-sites") || findNamed(file, name) === undefined) return;
  const place = { section: name };
  if (xen.architecture !== "x86_64") {
    refuse(step, "EOPNOTSUPP", "Arm has no calls of this kind", { place });
  }
  const table = findLoaded(context, name, step);
  if (table === undefined) return;
  checkMultiple(table.section, ALT_CALL_SITE_SIZE, step);
  const reader = new ByteReader(table.bytes, name);
  const sites: bigint[] = [];
  for (let at = 0; at < table.bytes.length; at += ALT_CALL_SITE_SIZE) {
    const site = table.address + BigInt(at + reader.i32("alt_call"));
    if (!isInText(context, site, ALT_CALL_INSTRUCTION_SIZE)) {
      refuse(step, "EINVAL", "a call lies outside of the payload's code", { place });
    }
    const found = memory.read(site, ALT_CALL_INSTRUCTION_SIZE);
    const [opcode, operand] = found.kind === "bytes" ? found.bytes : [];
    if (opcode !== 0xff || operand !== 0x15) {
      refuse(step, "EINVAL", "there is no indirect call at a site", { place });
    }
    sites.push(site);
  }
  for (const address of sites) {
    overwrite(context, { address, length: ALT_CALL_INSTRUCTION_SIZE, step, place });
  }
}

/** Offsets count from their own fields. */
function locate(alternative: Alternative, address: bigint): LocatedAlternative {
  const { originalOffset, replacementOffset, originalSize, paddingSize = 0 } = alternative;
  return {
    alternative,
    original: address + BigInt(originalOffset),
    replacement: address + BigInt(REPLACEMENT_FIELD + replacementOffset),
    originalSize: originalSize + paddingSize,
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
  const codeEnd = code.address + BigInt(code.bytes.length);
  for (const { alternative, original, replacement } of entries) {
    // Without its padding, which may lie after the code nevertheless.
    if (!isInText(context, original, alternative.originalSize)) {
      refuse(step, "EINVAL", "an original lies outside of the payload's code", { place });
    }
    const end = replacement + BigInt(alternative.replacementSize);
    if (replacement < code.address || end > codeEnd) {
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

function isInText({ placement }: LoadContext, start: bigint, length: number): boolean {
  const { base, groups } = placement;
  return start >= base && start + BigInt(length) <= base + BigInt(groups.text.sizeBytes);
}
