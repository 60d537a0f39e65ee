// Build-ids, metadata, the symbol map and the reasons of a payload: ABI reference §1.5, §1.7.

import { toHex } from "../bytes/hex.ts";
import { contentsOf, findSection } from "../elf/sections.ts";
import { readBuildIdNote } from "../xen-abi/build-id-note.ts";
import { decodeModinfo } from "../xen-abi/modinfo.ts";
import { MODINFO_SECTION } from "../xen-abi/sections.ts";
import { digestsOf, type OriginDigests, readOrigin } from "./made-from/origin.ts";
import { readSources, type SourceDigests, sourceDigestsOf } from "./made-from/sources.ts";
import { decodeReasons, REASONS_SECTION, type Reason } from "./reasons.ts";
import { decodeSymbolMap, SYMBOL_MAP_SECTION, type SymbolMap } from "./symbol-map.ts";
import { type PayloadFile, whereIn } from "./targets.ts";

/** The id in a note section as hex; `undefined` without the section, or with a finding. */
export function readBuildId(file: PayloadFile, sectionName: string): string | undefined {
  const section = findSection(file.object, sectionName);
  if (section === undefined) return undefined;
  const note = readBuildIdNote(contentsOf(file.object, section));
  if (note.kind === "id") return toHex(note.id);
  file.findings.error({
    code: "payload/malformed",
    problem: `Cannot read the note in section "${sectionName}": ${note.reason}`,
    where: whereIn(file, section),
    expected: 'a note of type 3 by "GNU" with a build-id',
  });
  return undefined;
}

export function readMetadata(file: PayloadFile): readonly string[] {
  const section = findSection(file.object, MODINFO_SECTION);
  if (section === undefined) return [];
  const bytes = contentsOf(file.object, section);
  if (bytes.length === 0) {
    file.findings.error({
      code: "payload/trap",
      problem: `Cannot read section "${section.name}": it is empty`,
      where: whereIn(file, section),
      expected: "at least one byte, or no such section; Xen crashes on an empty one",
    });
  } else if (bytes.at(-1) !== 0) {
    file.findings.error({
      code: "payload/malformed",
      problem: `Cannot read section "${section.name}": its last string does not end`,
      where: whereIn(file, section, bytes.length - 1),
      expected: "a NUL as the last byte",
    });
  }
  return decodeModinfo(bytes);
}

/** Xen does not look at it, so a map that cannot be read is no reason to refuse the payload. */
export function readSymbolMap(file: PayloadFile): SymbolMap | undefined {
  const { object, findings } = file;
  const section = findSection(object, SYMBOL_MAP_SECTION);
  if (section === undefined) return undefined;
  const read = () => decodeSymbolMap(contentsOf(object, section), object.source);
  return findings.attempt(read, undefined, "warning");
}

/** As the symbol map: only for people and tools. */
export function readReasons(file: PayloadFile): readonly Reason[] | undefined {
  const { object, findings } = file;
  const section = findSection(object, REASONS_SECTION);
  if (section === undefined) return undefined;
  const read = () => decodeReasons(contentsOf(object, section), object.source);
  return findings.attempt(read, undefined, "warning");
}

/** As the symbol map. Who wants to build with the patches reads them with readOrigin(). */
export function readOriginOf({ object, findings }: PayloadFile): OriginDigests | undefined {
  const read = () => {
    const origin = readOrigin(object);
    return origin && digestsOf(origin);
  };
  return findings.attempt(read, undefined, "warning");
}

/** As the symbol map. Who wants the texts reads them with readSources(). */
export function readSourcesOf({ object, findings }: PayloadFile): SourceDigests | undefined {
  const read = () => {
    const sources = readSources(object);
    return sources && sourceDigestsOf(sources);
  };
  return findings.attempt(read, undefined, "warning");
}
