// Entries of `.bug_frames.N`: the shape of xen-abi/bug-frame.ts with places by name. On x86 the number
// of the source line lies in what the displacements leave free, so a relocation's addend has it too.

import type { Architecture } from "../isa/architecture.ts";
import type { BugFrameType } from "../xen-abi/bug-frame.ts";
import type { SpecialEntry } from "./special-entry.ts";
import { eachEntry, nameFromEntry, narrowField, type TableReader } from "./table-field.ts";

const LINE_PART_BITS = 7;
const LINE_PART_MASK = (1 << LINE_PART_BITS) - 1;

export function decodeBugFrames(
  table: TableReader,
  architecture: Architecture,
  type: BugFrameType,
): readonly SpecialEntry[] {
  if (architecture === "aarch64")
    return eachEntry(table, 16, (start) => armFrame(table, type, start));
  const size = type === "assert" ? 16 : 8;
  return eachEntry(table, size, (start) => x86Frame(table, type, start));
}

function x86Frame(table: TableReader, type: BugFrameType, start: number): SpecialEntry {
  const location = narrowField(table, start, start);
  const pointer = narrowField(table, start + 4, start);
  const high = (location.upper & LINE_PART_MASK) << LINE_PART_BITS;
  return {
    kind: "bug-frame",
    type,
    place: location.name,
    pointer: pointer.name,
    line: high + (pointer.upper & LINE_PART_MASK),
    message: type === "assert" ? nameFromEntry(table, start + 12, start) : undefined,
  };
}

function armFrame(table: TableReader, type: BugFrameType, start: number): SpecialEntry {
  table.reader.seek(start + 12);
  const line = table.reader.u16("line");
  return {
    kind: "bug-frame",
    type,
    place: nameFromEntry(table, start, start),
    pointer: nameFromEntry(table, start + 4, start),
    line,
    message: nameFromEntry(table, start + 8, start),
  };
}
