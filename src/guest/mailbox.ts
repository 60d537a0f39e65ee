// Where a guest that was written with the kit leaves what it has to say: share/guest/guest.h has the
// same layout. It lies in the guest's own memory, so it can be read after the guest has ended, and a
// guest that prints without end holds up nobody: what was overwritten is told as lost.

import { ByteReader } from "../bytes/byte-reader.ts";

export const MAILBOX_ADDRESS = 0x1000;
export const MAILBOX_SIZE = 48;
/** Offset of `reset_gap`. */
export const RESET_GAP = 44;
/** Offset of `lab_token`, and what the kit looks for there: guests of the kit run in labs only. */
const TOKEN = 48;
const LAB_TOKEN = Buffer.from("LAB!");
export const TEXT_ADDRESS = 0x2000;
export const TEXT_SIZE = 0x2000;
/** Where the image of a guest begins: all below belongs to the mailbox. */
export const IMAGE_ADDRESS = 0x4000;

const MAGIC = 0x4b535058;

export interface Mailbox {
  /** `undefined` while main() runs. */
  readonly exitCode: number | undefined;
  /** Bytes printed so far, modulo 2³². */
  readonly written: number;
  readonly count: bigint;
  /** `undefined` before two counts, or when the hypervisor does not tell the clock's speed. */
  readonly longestGapMs: number | undefined;
}

/** All of the guest's memory below its image, from the mailbox on, before it starts. */
export function emptyMailbox(): Uint8Array {
  const bytes = new Uint8Array(IMAGE_ADDRESS - MAILBOX_ADDRESS);
  bytes.set(LAB_TOKEN, TOKEN);
  return bytes;
}

/** `undefined` when the guest was not written with the kit, or has not begun. */
export function readMailbox(bytes: Uint8Array): Mailbox | undefined {
  const reader = new ByteReader(bytes, "the guest's mailbox");
  if (reader.u32("magic") !== MAGIC) return undefined;
  const finished = reader.u32("finished");
  const exitCode = reader.i32("exit_code");
  const written = reader.u32("written");
  const count = reader.u64("count");
  const longestGap = reader.u64("longest_gap");
  reader.u64("last_tick");
  const tickKhz = reader.u32("tick_khz");
  return {
    exitCode: finished === 0 ? undefined : exitCode,
    written,
    count,
    longestGapMs: tickKhz === 0 || longestGap === 0n ? undefined : Number(longestGap) / tickKhz,
  };
}

/** What was printed between two looks, from the ring as it is now. */
export function newText(
  ring: Uint8Array,
  before: number,
  written: number,
): { readonly text: string; readonly lostBytes: number } {
  const count = (written - before) >>> 0;
  const kept = Math.min(count, TEXT_SIZE);
  const bytes = new Uint8Array(kept);
  for (let index = 0; index < kept; index++) {
    bytes[index] = ring[((written - kept + index) >>> 0) % TEXT_SIZE] ?? 0;
  }
  return { text: Buffer.from(bytes).toString("latin1"), lostBytes: count - kept };
}
