// What Xen touches of one alternative of a payload: it reads the replacement, and writes over the
// original (ABI reference §1.8). Up to 4.17.3 nothing keeps either inside of the payload. An offset is
// signed and counts from its own field, so it may lead before the payload as well as after it,
// to whatever is there: the guard page below, the hypervisor's code, or its data. Whether the CPU has
// the feature the model does not know; it takes the alternative to apply, and what stands at the
// original afterwards for unknown.

import { hexNumber, toHex } from "../../bytes/hex.ts";
import { JUMP_SIZE, X86_CALL_OPCODE, X86_JUMP_OPCODE } from "../../isa/jump.ts";
import { ALT_CALL_INSTRUCTION_SIZE, type Alternative } from "../../xen-abi/alternatives.ts";
import { compareReleases } from "../../xen-abi/release.ts";
import { ALTERNATIVES_SECTION } from "../../xen-abi/sections.ts";
import type { LoadContext } from "../load/load-context.ts";
import { type Region, UnknownByte } from "../memory.ts";
import type { StepId } from "../steps.ts";
import { crash, type Place } from "../verdict.ts";

export interface LocatedAlternative {
  readonly alternative: Alternative;
  /** An address, as is `replacement`. */
  readonly original: bigint;
  readonly replacement: bigint;
  /** With its padding. */
  readonly originalSize: number;
}

/** A piece of memory that Xen touches. */
interface Access {
  readonly address: bigint;
  readonly length: number;
  readonly step: StepId;
  readonly place: Place;
  /** Behind what is told of it. */
  readonly condition?: string;
}

const ALT_CALLS_SINCE = { major: 4, minor: 13, point: 0 } as const;
const POINTER_SIZE = 8;

export function applyAlternative(context: LoadContext, entry: LocatedAlternative): void {
  const { alternative, original, replacement, originalSize } = entry;
  const touch = {
    step: "tables/alternatives",
    place: { section: ALTERNATIVES_SECTION },
    condition: `, where the CPU has feature ${alternative.feature}`,
  } as const;
  const target = { ...touch, address: original, length: originalSize };
  const source = { ...touch, address: replacement, length: alternative.replacementSize };
  followAltCall(context, entry, { code: readAt(context, target), by: readAt(context, source) });
  overwrite(context, target);
}

/** Writes what the model does not know. */
export function overwrite(context: LoadContext, access: Access): void {
  const { memory, placement } = context;
  const { address, length, step, place, condition = "" } = access;
  const bytes = readAt(context, access);
  if (bytes === undefined || length === 0) return;
  const last = address + BigInt(length) - 1n;
  for (let at = address; at <= last; ) {
    const region = memory.findRegion(at);
    if (region === undefined) break;
    if (isProtected(region, placement.base)) {
      const words = `memory at ${hexNumber(at)}, which is read-only, is written to${condition}`;
      crash("alternatives-outside", step, words, place);
    }
    at = region.start + BigInt(region.sizeBytes);
  }
  memory.write(address, bytes, new Uint8Array(length).fill(UnknownByte.cpu));
}

/** The payload itself is not protected before it is loaded. */
function isProtected({ kind, start }: Region, base: bigint): boolean {
  return kind === "text" || kind === "read-only" || (kind === "payload-text" && start !== base);
}

/** `undefined` where the model does not follow. */
function readAt({ memory, assumptions }: LoadContext, access: Access): Uint8Array | undefined {
  const { address, length, step, place, condition = "" } = access;
  const found = memory.read(address, length);
  switch (found.kind) {
    case "bytes":
      return found.bytes;
    case "elsewhere": {
      const words = `memory at ${hexNumber(found.address)} is mapped, and can be written to`;
      assumptions.push({ about: "memory-not-followed", words });
      return undefined;
    }
    case "fault": {
      const words = `memory at ${hexNumber(found.address)}, where nothing is mapped, is accessed${condition}`;
      return crash("alternatives-outside", step, words, place);
    }
  }
}

/**
 * An indirect call that is to become direct: Xen reads the pointer that it goes through. Up to 4.20
 * it is told by a replacement that jumps back to itself.
 */
function followAltCall(
  { xen, memory }: LoadContext,
  { alternative, original }: LocatedAlternative,
  { code, by }: { readonly code: Uint8Array | undefined; readonly by: Uint8Array | undefined },
): void {
  const isKnown = compareReleases(xen.release, ALT_CALLS_SINCE) >= 0;
  if (!isKnown || xen.architecture !== "x86_64" || xen.features.has("alt-call-sites")) return;
  if (code === undefined || by === undefined) return;
  const operand = by[0] === X86_CALL_OPCODE ? 0x15 : by[0] === X86_JUMP_OPCODE ? 0x25 : undefined;
  const isBack = toHex(by.subarray(1, JUMP_SIZE.x86_64)) === "fbffffff";
  const isIndirect = alternative.originalSize >= ALT_CALL_INSTRUCTION_SIZE && code[0] === 0xff;
  if (!isBack || !isIndirect || operand === undefined || code[1] !== operand) return;
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  const next = original + BigInt(ALT_CALL_INSTRUCTION_SIZE);
  const slot = BigInt.asUintN(64, next + BigInt(view.getInt32(2, true)));
  const found = memory.read(slot, POINTER_SIZE);
  if (found.kind !== "fault") return;
  const trap = found.gone ? "altcall-through-init" : "unmapped-memory";
  crash(trap, "tables/alternatives", `the pointer at ${hexNumber(slot)} is read`, {
    section: ALTERNATIVES_SECTION,
  });
}
