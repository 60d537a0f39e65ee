// Bug frames whose place does not hold the instruction by which the release marks them (x86).

import { ByteReader } from "../bytes/byte-reader.ts";
import { toHex } from "../bytes/hex.ts";
import { bugFrameTypesOf, bugMarkerOf, readX86BugFrame } from "../xen-abi/bug-frame.ts";
import { BUG_FRAME_SECTIONS } from "../xen-abi/sections.ts";
import type { Finding } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { whereInSection } from "./subject.ts";

export function mismarkedBugFrames(step: CheckedStep): readonly Finding[] {
  const { hypervisor, loaded } = step;
  if (loaded === undefined || hypervisor.architecture !== "x86_64") return [];
  const names: readonly string[] = BUG_FRAME_SECTIONS;
  return [...loaded.placement.sections.values()].flatMap(({ section, offset }) => {
    const type = bugFrameTypesOf(hypervisor.release, "x86_64")[names.indexOf(section.name)];
    if (type === undefined) return [];
    const end = offset + Number(section.sh_size);
    const reader = new ByteReader(loaded.placement.bytes.subarray(offset, end), section.name);
    const findings: Finding[] = [];
    const size = type === "assert" ? ASSERT_FRAME_SIZE : FRAME_SIZE;
    while (reader.offset + size <= reader.length) {
      const start = reader.offset;
      const { location } = readX86BugFrame(reader, type);
      findings.push(...judge(step, section.index, start, offset + start + location));
    }
    return findings;
  });
}

const FRAME_SIZE = 8;
const ASSERT_FRAME_SIZE = 16;

/** @param place of the instruction, in the payload's memory */
function judge(
  { subject, hypervisor, loaded }: CheckedStep,
  index: number,
  start: number,
  place: number,
): readonly Finding[] {
  const marker = bugMarkerOf(hypervisor.release);
  const found = loaded?.placement.bytes.subarray(place, place + marker.length);
  const section = subject.object?.sections[index];
  if (found === undefined || section === undefined || toHex(found) === toHex(marker)) return [];
  const problem = `a bug frame points at ${toHex(found) || "nothing"}, and ${toHex(marker)} is the mark`;
  return [{ problem, where: whereInSection(subject, section, start) }];
}
