// Code that Xen rewrites when it knows the CPU: entries of `.altinstructions` and
// `.alt_call_sites`: ABI reference §1.8. Offsets are relative to the field that holds them.

import type { ByteReader } from "../bytes/byte-reader.ts";
import type { ByteWriter } from "../bytes/byte-writer.ts";
import type { Architecture } from "../isa/architecture.ts";
import { compareReleases, type Release } from "./release.ts";

/** `padded`: x86 from 4.11 on; `plain`: x86 before that, and Arm. */
export type AlternativeLayout = "plain" | "padded";

export const ALTERNATIVE_SIZE = { plain: 12, padded: 14 } as const;

export function alternativeLayoutOf(
  release: Release,
  architecture: Architecture,
): AlternativeLayout {
  const padded = compareReleases(release, { major: 4, minor: 11, point: 0 }) >= 0;
  return architecture === "x86_64" && padded ? "padded" : "plain";
}

/** Bit of the feature that makes an alternative apply when the feature is absent; x86 from 4.21. */
export const ALTERNATIVE_INVERTED = 0x8000;

/** struct alt_instr. */
export interface Alternative {
  readonly originalOffset: number;
  readonly replacementOffset: number;
  /** CPU feature in the numbering of one build; x86 from 4.21: bit 15 inverts it. */
  readonly feature: number;
  readonly originalSize: number;
  readonly replacementSize: number;
  /** NOPs that the compiler placed after the original; `undefined` in the plain layout. */
  readonly paddingSize: number | undefined;
}

export function readAlternative(reader: ByteReader, layout: AlternativeLayout): Alternative {
  const plain = {
    originalOffset: reader.i32("orig_offset"),
    replacementOffset: reader.i32("repl_offset"),
    feature: reader.u16("cpuid"),
    originalSize: reader.u8("orig_len"),
    replacementSize: reader.u8("repl_len"),
  };
  if (layout === "plain") return { ...plain, paddingSize: undefined };
  const paddingSize = reader.u8("pad_len");
  reader.u8("priv");
  return { ...plain, paddingSize };
}

export function writeAlternative(writer: ByteWriter, alternative: Alternative): void {
  writer.i32(alternative.originalOffset).i32(alternative.replacementOffset);
  writer.u16(alternative.feature);
  writer.u8(alternative.originalSize).u8(alternative.replacementSize);
  if (alternative.paddingSize !== undefined) writer.u8(alternative.paddingSize).u8(0);
}

/** One entry of `.alt_call_sites`: an i32 offset to an indirect call of 6 bytes. */
export const ALT_CALL_SITE_SIZE = 4;
export const ALT_CALL_INSTRUCTION_SIZE = 6;
