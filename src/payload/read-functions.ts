// `.livepatch.funcs` of a payload: entries with their pointers followed, and what Xen would refuse
// in them (ABI reference §1.3, §2.10).

import type { Section } from "../elf/object.ts";
import { contentsOf } from "../elf/sections.ts";
import {
  LIVEPATCH_FUNC_POINTERS,
  LIVEPATCH_FUNC_SIZE,
  type LivepatchFunc,
  readLivepatchFunc,
} from "../xen-abi/livepatch-func.ts";
import type { PayloadVersion } from "../xen-abi/release.ts";
import { checkFunction, WrittenPlaces } from "./check-function.ts";
import type { OldAddress, PayloadFunction } from "./payload.ts";
import { type PayloadFile, type PointerTable, readPointers, whereIn } from "./targets.ts";

export interface FunctionTable {
  readonly version: PayloadVersion;
  readonly functions: readonly PayloadFunction[];
}

/** Offset of `version` in an entry, the same in both layouts. */
const VERSION_OFFSET = 32;

/** `undefined`, with a finding, when the bytes are not a table of either version. */
export function readFunctions(file: PayloadFile, section: Section): FunctionTable | undefined {
  const bytes = contentsOf(file.object, section);
  const version = versionOf(file, section, bytes);
  if (version === undefined) return undefined;
  const pointers = readPointers(file, section);
  const size = LIVEPATCH_FUNC_SIZE[version];
  const functions: PayloadFunction[] = [];
  const written = new WrittenPlaces();
  for (let offset = 0; offset < bytes.length; offset += size) {
    pointers.reader.seek(offset);
    const raw = readLivepatchFunc(pointers.reader, version);
    const entry = interpret(raw, pointers, offset);
    const where = whereIn(file, section, offset);
    checkFunction(file, { raw, entry, version, where });
    written.check(file, entry, where);
    functions.push(entry);
  }
  return { version, functions };
}

/** The first entry says which version; the size has to agree, since Xen checks that first. */
function versionOf(
  file: PayloadFile,
  section: Section,
  bytes: Uint8Array,
): PayloadVersion | undefined {
  const found = bytes[VERSION_OFFSET];
  if (found !== 1 && found !== 2) {
    file.findings.error({
      code: bytes.length > VERSION_OFFSET ? "payload/unsupported" : "payload/malformed",
      problem:
        found === undefined
          ? `Cannot read section "${section.name}": ${bytes.length} bytes hold no entry`
          : `Cannot read section "${section.name}": its first entry is of version ${found}`,
      where: whereIn(file, section),
      expected: "entries of version 1 (Xen 4.7 to 4.13) or version 2 (from 4.14 on)",
    });
    return undefined;
  }
  const size = LIVEPATCH_FUNC_SIZE[found];
  if (bytes.length % size === 0) return found;
  file.findings.error({
    code: "payload/malformed",
    problem: `Cannot read section "${section.name}": ${bytes.length} bytes do not divide into entries of ${size}`,
    where: whereIn(file, section),
    expected: `payload version ${found}, as its first entry says, with one entry after the other`,
    remedy:
      "declare the entries as one array: compilers put gaps between objects declared one by one",
  });
  return undefined;
}

function interpret(raw: LivepatchFunc, pointers: PointerTable, offset: number): PayloadFunction {
  const oldAddress: OldAddress = pointers.target(offset + LIVEPATCH_FUNC_POINTERS.oldAddress) ?? {
    kind: "name",
  };
  const { expectation } = raw;
  const common = {
    name: pointers.text(offset + LIVEPATCH_FUNC_POINTERS.name),
    oldAddress,
    oldSize: raw.oldSize,
    expectation: expectation?.enabled ? expectation.data.slice(0, expectation.length) : undefined,
  };
  const newAddress = pointers.target(offset + LIVEPATCH_FUNC_POINTERS.newAddress);
  if (newAddress !== undefined) {
    return { kind: "replace", ...common, newAddress, newSize: raw.newSize };
  }
  if (raw.newSize > 0) return { kind: "nop", ...common, newSize: raw.newSize };
  return { kind: "guard", ...common };
}
