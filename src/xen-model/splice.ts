// Writing a jump or NOPs over a function's entry, and the old bytes back: ABI reference §5.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { hexNumber } from "../bytes/hex.ts";
import { AARCH64_JUMP, JUMP_SIZE, X86_JUMP_OPCODE } from "../isa/jump.ts";
import { needsWritableFuncs } from "../xen-abi/features.ts";
import { FUNCS_SECTION } from "../xen-abi/sections.ts";
import { jumpOffset } from "./entry-offset.ts";
import type { Hypervisor } from "./hypervisor.ts";
import { type Region, UnknownByte } from "./memory.ts";
import { fixedNops, nops } from "./nops.ts";
import type { FunctionState, LoadedPayload, ModelFunction } from "./payload.ts";
import type { ModelState } from "./state.ts";
import { type Assumption, crash, type Place } from "./verdict.ts";

const step = "apply/splice";

export interface SpliceContext {
  readonly state: ModelState;
  readonly assumptions: Assumption[];
}

/** The states of the payload's functions afterwards; the memory is changed. */
export function applyFunctions(
  context: SpliceContext,
  payload: LoadedPayload,
  states: readonly FunctionState[],
): readonly FunctionState[] {
  const { xen } = context.state;
  const writes = payload.functions.length > 0;
  const isProtected = !payload.isFunctionTableWritable;
  if (writes && isProtected && needsWritableFuncs(xen.release, xen.architecture)) {
    crash("read-only-functions", step, "the table of functions is read-only", {
      section: FUNCS_SECTION,
    });
  }
  return payload.functions.map((item, index) => {
    const state = states[index] ?? item.initialState;
    return state.isApplied ? state : applyOne(context, payload, item);
  });
}

/** From the first to the last, as Xen does. */
export function revertFunctions(
  { state }: SpliceContext,
  payload: LoadedPayload,
  states: readonly FunctionState[],
): readonly FunctionState[] {
  return payload.functions.map((item, index) => {
    const old = states[index] ?? item.initialState;
    const tracksState = state.xen.features.has("payload-version-2");
    if (tracksState && !old.isApplied) return old;
    const length = Math.min(spliceLength(state.xen, item, old.patchOffset), old.saved.length);
    const at = item.oldAddress + BigInt(old.patchOffset);
    if (length > 0 && state.memory.findRegion(at) !== undefined) {
      state.memory.write(at, old.saved.subarray(0, length), old.savedUnknown);
    }
    return { ...old, isApplied: false };
  });
}

function applyOne(
  context: SpliceContext,
  payload: LoadedPayload,
  item: ModelFunction,
): FunctionState {
  const { place } = item;
  const { state, assumptions } = context;
  const { xen, memory } = state;
  const patchOffset = jumpOffset({ xen, memory, assumptions }, item.oldAddress, step, place);
  const length = spliceLength(xen, item, patchOffset);
  if (length < 0) crash("nop-over-endbr", step, `${item.entry.newSize} bytes of NOPs`, place);
  const at = item.oldAddress + BigInt(patchOffset);
  const none = { isApplied: true, patchOffset, saved: new Uint8Array(), savedUnknown: undefined };
  if (length === 0) return none;
  if (!checkWritable(context, at, place)) return none;
  const old = memory.read(at, length);
  if (old.kind !== "bytes") {
    return crash("unmapped-memory", step, `the code at ${hexNumber(at)} is saved`, place);
  }
  writeNew(context, payload, item, { at, length });
  return { isApplied: true, patchOffset, saved: old.bytes, savedUnknown: old.unknown };
}

/** Negative where Xen's unsigned arithmetic wraps around. */
function spliceLength(xen: Hypervisor, { entry }: ModelFunction, patchOffset: number): number {
  if (entry.newAddress === 0n) return entry.newSize - patchOffset;
  return JUMP_SIZE[xen.architecture];
}

function writeNew(
  context: SpliceContext,
  payload: LoadedPayload,
  item: ModelFunction,
  { at, length }: { readonly at: bigint; readonly length: number },
): void {
  const { xen, memory, options } = context.state;
  const { newAddress } = item.entry;
  if (newAddress !== 0n) {
    const isArm = xen.architecture === "aarch64";
    const isFixed = isFixedDistance(xen, payload, at, newAddress);
    const unknown = isFixed ? undefined : placedDistance(isArm, length);
    memory.write(at, jumpBytes(isArm, at, newAddress), unknown);
    return;
  }
  const family = options.cpu?.nops;
  const fixed = fixedNops(xen.architecture, length);
  if (fixed !== undefined) memory.write(at, fixed);
  else if (family !== undefined) memory.write(at, nops(xen.release, family, length));
  else
    memory.write(
      at,
      nops(xen.release, "long", length),
      new Uint8Array(length).fill(UnknownByte.cpu),
    );
}

/** Within the hypervisor, or within the payload: wherever the latter lies. */
function isFixedDistance(
  { image }: Hypervisor,
  { placement: { base, bytes } }: LoadedPayload,
  ...ends: readonly bigint[]
): boolean {
  const payloadEnd = base + BigInt(bytes.length);
  return (
    ends.every((address) => base <= address && address < payloadEnd) ||
    ends.every((address) => image.start <= address && address < image.end)
  );
}

/** Mask of a jump whose distance the allocator decides; of x86 the first byte is its opcode. */
function placedDistance(isArm: boolean, length: number): Uint8Array {
  return new Uint8Array(length).fill(UnknownByte.place, isArm ? 0 : 1);
}

/**
 * Not encodeJump() of isa/, which makes payloads and reads the jumps of others: the model is a second
 * witness, and as Xen does it writes the low bits of a distance that is out of reach, without a refusal.
 */
function jumpBytes(isArm: boolean, from: bigint, to: bigint): Uint8Array {
  if (isArm) {
    const words = BigInt.asUintN(26, (to - from) >> 2n);
    return new ByteWriter(JUMP_SIZE.aarch64).u32(AARCH64_JUMP.bits | Number(words)).toBytes();
  }
  const distance = BigInt.asIntN(32, to - (from + BigInt(JUMP_SIZE.x86_64)));
  return new ByteWriter(JUMP_SIZE.x86_64).u8(X86_JUMP_OPCODE).i32(Number(distance)).toBytes();
}

/** False where the model does not follow the memory; stops where Xen would fault. */
function checkWritable({ state, assumptions }: SpliceContext, at: bigint, place: Place): boolean {
  const { xen, memory } = state;
  const { start, end } = xen.image;
  const place16 = hexNumber(at);
  if (xen.architecture === "aarch64" && (at < start || at >= end)) {
    crash("outside-image", step, `the code at ${place16} is not the hypervisor's own`, place);
  }
  const found = memory.read(at, 1);
  if (found.kind === "fault") {
    const trap = found.gone ? "init-memory" : "unmapped-memory";
    crash(trap, step, `the code at ${place16} is patched`, place);
  }
  const region = memory.findRegion(at);
  if (found.kind === "elsewhere" || region === undefined) {
    const words = `memory at ${place16} can be written to while Xen patches`;
    assumptions.push({ about: "memory-not-followed", words });
    return false;
  }
  if (isProtected(region, state)) {
    crash("write-protected", step, `the memory at ${place16} is read-only`, place);
  }
  return true;
}

/**
 * ABI reference §5.3: once all memory was writable while patching, later only code is, and at first
 * only that of payloads that are applied already.
 */
function isProtected({ kind, start }: Region, { xen, applied, lives }: ModelState): boolean {
  if (xen.architecture !== "x86_64" || !xen.features.has("relaxes-page-permissions")) return false;
  if (kind === "read-only") return !xen.features.has("rodata-writable-in-hooks");
  if (kind !== "payload-text" || xen.features.has("registered-at-upload")) return false;
  return !applied.some((name) => lives.get(name)?.payload.placement.base === start);
}
