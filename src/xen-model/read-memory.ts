// Reading memory as Xen does, without a check: what is not mapped kills the host, and what the
// model does not know it has to assume.

import { hexNumber } from "../bytes/hex.ts";
import { type Memory, type MemoryRead, UnknownByte } from "./memory.ts";
import type { StepId } from "./steps.ts";
import { type Assumption, crash, type Place } from "./verdict.ts";

export interface ReadContext {
  readonly memory: Memory;
  readonly assumptions: Assumption[];
}

/** Of a name in Xen or in a payload; a longer one is cut. */
const STRING_LENGTH_MAX = 4096;

/** `undefined` where the model does not know the bytes, which is put among the assumptions. */
export function readMemory(
  { memory, assumptions }: ReadContext,
  address: bigint,
  length: number,
  step: StepId,
  place: Place,
): Uint8Array | undefined {
  const found = memory.read(address, length);
  if (found.kind === "fault") {
    const trap = found.gone ? "init-memory" : "unmapped-memory";
    return crash(trap, step, `memory at ${hexNumber(found.address)} is read`, place);
  }
  if (found.kind === "bytes" && found.unknown === undefined) return found.bytes;
  assumptions.push(whatIsAssumed(found, address));
  return undefined;
}

function whatIsAssumed(
  found: Exclude<MemoryRead, { readonly kind: "fault" }>,
  address: bigint,
): Assumption {
  if (found.kind === "elsewhere") {
    const words = `memory at ${hexNumber(found.address)} is mapped, and has what is needed`;
    return { about: "memory-not-followed", words };
  }
  const isOfXen = found.unknown?.includes(UnknownByte.cpu);
  const [about, why] = isOfXen
    ? (["code-changed-at-boot", "Xen changes when it boots"] as const)
    : (["payload-place", "depend on where Xen puts a payload"] as const);
  return {
    about,
    words: `the bytes at ${hexNumber(address)}, which ${why}, are no ENDBR64, no text`,
  };
}

/** A NUL-terminated string; "" where the model does not know it. */
export function readString(
  context: ReadContext,
  address: bigint,
  step: StepId,
  place: Place,
): string {
  let text = "";
  while (text.length < STRING_LENGTH_MAX) {
    const byte = readMemory(context, address + BigInt(text.length), 1, step, place)?.[0];
    if (byte === undefined || byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}
