// The probe: a payload with all expectations of another payload, and none of its changes. Xen compares
// them when it applies the probe, and has nothing to write.

import type { ElfDraft } from "../elf/draft.ts";
import { writeElf } from "../elf/write.ts";
import { cutIntoChunks } from "../guard/chunks.ts";
import { type Architecture, machineOfArchitecture } from "../isa/architecture.ts";
import { JUMP_SIZE } from "../isa/jump.ts";
import { stampBuildId, unstampedBuildIdText } from "../payload/build-id.ts";
import { BUILD_ID_KEY, DEPENDS_KEY } from "../payload/metadata-keys.ts";
import type { Payload, PayloadTables } from "../payload/payload.ts";
import { addTables } from "../payload/write.ts";
import type { ExpectedBytes } from "./expected-code.ts";

/** Key of `.modinfo`: the name under which the probe is loaded; it also makes the probe's build-id unique. */
const PROBE_KEY = "probe";

/**
 * @param expected as comparableBytes() gives it
 * @param name under which it will be uploaded
 */
export function makeProbePayload(
  { architecture, xenDepends = "" }: Pick<Payload, "architecture" | "xenDepends">,
  expected: readonly ExpectedBytes[],
  name: string,
): Uint8Array {
  const draft: ElfDraft = {
    machine: machineOfArchitecture[architecture],
    osAbi: 0,
    flags: 0,
    sections: [],
    symbols: [],
  };
  const tables: PayloadTables = {
    architecture,
    version: 2,
    functions: expected.map(({ symbol, offset, bytes, label }) => ({
      kind: "guard",
      name: label ?? labelOf(symbol, offset),
      oldAddress: { kind: "symbol", symbol, addend: BigInt(offset) },
      oldSize: Math.max(bytes.length, OLD_SIZE_MIN[architecture]),
      expectation: bytes,
    })),
    hooks: [],
    buildId: unstampedBuildIdText(),
    depends: xenDepends,
    xenDepends,
    symbolMap: undefined,
    reasons: undefined,
    metadata: [
      `${BUILD_ID_KEY}=${unstampedBuildIdText()}`,
      `${DEPENDS_KEY}=${xenDepends}`,
      `${PROBE_KEY}=${name}`,
    ],
  };
  // Writable, because that works everywhere; a read-only table does not (wantsWritableFuncs() of
  // xen-abi).
  addTables(draft, tables, "writable");
  const bytes = writeElf(draft);
  stampBuildId(bytes);
  return bytes;
}

/**
 * The bytes that a probe can compare: an entry that writes nothing may not begin everywhere, so a byte
 * or two can be left out (guard/chunks.ts).
 */
export function comparableBytes(
  expected: readonly ExpectedBytes[],
  architecture: Architecture,
): readonly ExpectedBytes[] {
  return expected.flatMap(({ offset, bytes, ...place }) => {
    const { chunks } = cutIntoChunks({ bytes, isCompared: () => true }, architecture);
    return chunks.map((chunk) => ({
      ...place,
      offset: offset + chunk.offset,
      bytes: chunk.bytes,
    }));
  });
}

/** Arm also checks the size of entries that write nothing (ABI reference §2.10). */
const OLD_SIZE_MIN: Readonly<Record<Architecture, number>> = {
  x86_64: 1,
  aarch64: JUMP_SIZE.aarch64,
};

/** The name that Xen prints for an entry that does not match; placeOfLabel() parses it. */
function labelOf(symbol: string, offset: number): string {
  return offset < 0 ? `${symbol}${offset}` : `${symbol}+${offset}`;
}

/** Parses our labels and those of others: a plain entry name means the start of a function. */
export function placeOfLabel(label: string): { symbol: string; offset: number } {
  const match = /^(.+)([+-]\d{1,10})$/.exec(label);
  return { symbol: match?.[1] ?? label, offset: Number(match?.[2] ?? 0) };
}
