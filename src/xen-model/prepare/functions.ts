// The table of functions: ABI reference §2.10, step 1.

import { ByteReader } from "../../bytes/byte-reader.ts";
import { JUMP_SIZE } from "../../isa/jump.ts";
import { NOP_SIZE_MAX } from "../../xen-abi/limits.ts";
import {
  LIVEPATCH_FUNC_SIZE,
  type LivepatchFunc,
  livepatchFuncState,
  readLivepatchFunc,
} from "../../xen-abi/livepatch-func.ts";
import { FUNCS_SECTION } from "../../xen-abi/sections.ts";
import { jumpOffset } from "../entry-offset.ts";
import type { Hypervisor } from "../hypervisor.ts";
import type { LoadContext } from "../load/load-context.ts";
import { findLoaded } from "../load/special-sections.ts";
import type { FunctionState, ModelFunction } from "../payload.ts";
import { readString } from "../read-memory.ts";
import { type Place, refuse } from "../verdict.ts";

/** How far a jump reaches, in either direction. */
const JUMP_REACH = { x86_64: 1n << 31n, aarch64: 1n << 27n } as const;

export function prepareFunctions(context: LoadContext): readonly ModelFunction[] {
  const { xen } = context;
  const table = findLoaded(context, FUNCS_SECTION, "functions/table");
  if (table === undefined) return [];
  const version = xen.line.payloadVersion;
  const size = LIVEPATCH_FUNC_SIZE[version];
  if (table.bytes.length % size !== 0) {
    const words = `${table.bytes.length} bytes are not a whole number of entries of ${size}`;
    refuse("functions/table", "EINVAL", words, { place: { section: FUNCS_SECTION } });
  }
  const reader = new ByteReader(table.bytes, FUNCS_SECTION);
  return Array.from({ length: table.bytes.length / size }, (_, index) => {
    reader.seek(index * size);
    const entry = readLivepatchFunc(reader, version);
    const offset = Number(table.section.sh_offset) + index * size;
    const place = { section: FUNCS_SECTION, offset };
    return {
      entry,
      place,
      oldAddress: checkEntry(context, entry, place),
      address: table.address + BigInt(index * size),
      initialState: initialStateOf(entry, xen),
    };
  });
}

/** The old address, resolved. */
function checkEntry(context: LoadContext, entry: LivepatchFunc, place: Place): bigint {
  const { xen } = context;
  const wanted = xen.line.payloadVersion;
  if (entry.version !== wanted) {
    const console = [`Wrong version (${entry.version}). Expected ${wanted}`];
    const words = `an entry has version ${entry.version}, not ${wanted}`;
    refuse("functions/version", "EOPNOTSUPP", words, { place, console });
  }
  const isEmpty = xen.features.has("load-hooks")
    ? entry.oldSize === 0
    : entry.newAddress === 0n || entry.newSize === 0;
  if (isEmpty) refuse("functions/fields", "EINVAL", "a size or an address is 0", { place });
  const resolvesFirst = xen.features.has("endbr-aware");
  // Where sizes come first they are checked without a look at the code.
  if (!resolvesFirst) checkSize(xen, entry, JUMP_SIZE[xen.architecture], place);
  const oldAddress = entry.oldAddress || resolveName(context, entry, place);
  if (resolvesFirst) checkSize(xen, entry, spaceNeeded(context, entry, oldAddress, place), place);
  checkDistance(xen, entry, oldAddress, place);
  return oldAddress;
}

function resolveName(context: LoadContext, entry: LivepatchFunc, place: Place): bigint {
  const name = readString(context, entry.nameAddress, "functions/name", place);
  const address = name === "" ? undefined : context.lookUp(name);
  if (address !== undefined) return address;
  const console = [`Could not resolve old address of ${name}`];
  return refuse("functions/name", "ENOENT", `nothing provides a function "${name}"`, {
    place: { ...place, symbol: name },
    console,
  });
}

/** Of the old function, for a jump. */
function spaceNeeded(
  context: LoadContext,
  entry: LivepatchFunc,
  oldAddress: bigint,
  place: Place,
): number {
  const { xen } = context;
  const jump = JUMP_SIZE[xen.architecture];
  if (xen.architecture !== "x86_64" || entry.newAddress === 0n) return jump;
  return jump + jumpOffset(context, oldAddress, "functions/size", place);
}

function checkSize(xen: Hypervisor, entry: LivepatchFunc, needed: number, place: Place): void {
  const { newAddress, newSize, oldSize } = entry;
  const isArm = xen.architecture === "aarch64";
  if (newAddress === 0n && (newSize > NOP_SIZE_MAX || (isArm && newSize % 4 !== 0))) {
    refuse("functions/size", "EOPNOTSUPP", `${newSize} bytes cannot be made NOPs`, { place });
  }
  const least = newAddress === 0n && !isArm ? newSize : needed;
  if (oldSize < least) {
    const words = `the old function has ${oldSize} bytes, ${least} are needed`;
    refuse("functions/size", "EINVAL", words, { place });
  }
}

function checkDistance(
  xen: Hypervisor,
  entry: LivepatchFunc,
  oldAddress: bigint,
  place: Place,
): void {
  if (!xen.features.has("load-hooks") || entry.newAddress === 0n) return;
  const distance = BigInt.asIntN(64, oldAddress - entry.newAddress);
  const reach = JUMP_REACH[xen.architecture];
  if (distance >= -reach && distance < reach) return;
  const words = `the new function is ${distance} bytes away from the old one`;
  refuse("functions/distance", "EOVERFLOW", words, { place });
}

const notApplied: FunctionState = {
  isApplied: false,
  patchOffset: 0,
  saved: new Uint8Array(),
  savedUnknown: undefined,
};

/** Releases that keep their state in the entry take over what the file has there. */
function initialStateOf(entry: LivepatchFunc, xen: Hypervisor): FunctionState {
  const layout = livepatchFuncState(xen.release);
  if (layout?.applied === undefined) return notApplied;
  const byteAt = (offset: number) => entry.reserved[offset - layout.opaque] ?? 0;
  return {
    isApplied: byteAt(layout.applied) === 1,
    patchOffset: layout.patchOffset === undefined ? 0 : byteAt(layout.patchOffset),
    saved: entry.reserved.slice(0, NOP_SIZE_MAX),
    savedUnknown: undefined,
  };
}
