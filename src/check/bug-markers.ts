// Bug frames whose address does not hold the instruction that marks them in this release (x86).

import { ByteReader } from "../bytes/byte-reader.ts";
import { toHex } from "../bytes/hex.ts";
import { sectionIndex } from "../elf/object.ts";
import {
  type BugFrameType,
  bugFrameTypesOf,
  bugMarkerOf,
  readX86BugFrame,
} from "../xen-abi/bug-frame.ts";
import { BUG_FRAME_SECTIONS } from "../xen-abi/sections.ts";
import type { Finding } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { whereInSection } from "./subject.ts";

/** One for each section that has such frames. */
export function mismarkedBugFrames(step: CheckedStep): readonly Finding[] {
  const { hypervisor, loaded, subject } = step;
  if (loaded === undefined) return [];
  const names: readonly string[] = BUG_FRAME_SECTIONS;
  return [...loaded.placement.sections.values()].flatMap(({ section, offset }) => {
    const type = bugFrameTypesOf(hypervisor.release, "x86_64")[names.indexOf(section.name)];
    const inFile = subject.object?.sections[sectionIndex(section.index)];
    if (type === undefined || inFile === undefined) return [];
    const table = { offset, sizeBytes: Number(section.sh_size), type };
    const wrong = findMismarked(table, loaded.placement.bytes, bugMarkerOf(hypervisor.release));
    const [first] = wrong;
    if (first === undefined) return [];
    const marker = toHex(bugMarkerOf(hypervisor.release));
    const problem = `${wrong.length} bug frames of "${section.name}" point at other code than ${marker}, the mark`;
    return [{ problem, where: whereInSection(subject, inFile, first) }];
  });
}

interface FrameTable {
  /** Offset in the payload's memory. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly type: BugFrameType;
}

const FRAME_SIZE = 8;
const ASSERT_FRAME_SIZE = 16;

/** Offsets in the table of frames whose address does not hold the marker. */
function findMismarked(
  { offset, sizeBytes, type }: FrameTable,
  memory: Uint8Array,
  marker: Uint8Array,
): readonly number[] {
  const reader = new ByteReader(memory.subarray(offset, offset + sizeBytes), "bug frames");
  const size = type === "assert" ? ASSERT_FRAME_SIZE : FRAME_SIZE;
  const wrong: number[] = [];
  while (reader.offset + size <= reader.length) {
    const start = reader.offset;
    const place = offset + start + readX86BugFrame(reader, type).location;
    if (marker.some((byte, index) => memory[place + index] !== byte)) wrong.push(start);
  }
  return wrong;
}
