// The texts that hand-written code was compiled from: C files of `xsplice compile`, hooks of `xsplice build
// --hooks`, and the headers that these include. So the file alone tells later what is in it. Like the origin it
// is in a section without SHF_ALLOC, which no hypervisor loads (ABI reference §2.6), as JSON.
// Not there: flags of the compiler, which may name folders of a machine.

import * as v from "valibot";
import type { ElfObject } from "../../elf/object.ts";
import { contentsOf, findSection } from "../../elf/sections.ts";
import { maybe } from "../../json/fields.ts";
import {
  decodeFile,
  decodeJsonSection,
  encodeFile,
  encodeJsonSection,
  type JsonSection,
} from "./json-section.ts";

export const SOURCES_SECTION = ".xsplice.sources";
const FORMAT = 1;
const section: JsonSection = { name: SOURCES_SECTION, format: FORMAT, of: "hand-written code" };

const sourcesSchema = v.object({
  format: v.literal(FORMAT),
  compiler: v.string(),
  files: v.array(
    v.object({
      name: v.string(),
      sha256: v.string(),
      text: maybe(v.string()),
    }),
  ),
});

export interface PayloadSources {
  /** First line of the compiler's version text. */
  readonly compiler: string;
  /** In the order in which they were compiled, each with what it includes. */
  readonly files: readonly SourceFile[];
}

export interface SourceFile {
  /** Below the directory of the C file; of a file elsewhere without its directories. */
  readonly name: string;
  /** In hex. */
  readonly sha256: string;
  /** Not of headers that lie elsewhere. */
  readonly bytes: Uint8Array | undefined;
}

/** For display and comparison: without the texts themselves. */
export interface SourceDigests extends Omit<PayloadSources, "files"> {
  readonly files: readonly Omit<SourceFile, "bytes">[];
}

export function sourceDigestsOf({ compiler, files }: PayloadSources): SourceDigests {
  return { compiler, files: files.map(({ name, sha256: digest }) => ({ name, sha256: digest })) };
}

/** The section's contents. */
export function encodeSources({ compiler, files }: PayloadSources): Uint8Array {
  const value: v.InferInput<typeof sourcesSchema> = {
    format: FORMAT,
    compiler,
    files: files.map(encodeFile),
  };
  return encodeJsonSection(value);
}

/** `undefined` for a payload without hand-written code. @throws PayloadError payload/origin */
export function readSources(payload: ElfObject): PayloadSources | undefined {
  const found = findSection(payload, SOURCES_SECTION);
  return found && decodeSources(contentsOf(payload, found), payload.source);
}

/** @throws PayloadError payload/origin when it is not of this format, or a text does not fit its digest */
export function decodeSources(bytes: Uint8Array, source: string): PayloadSources {
  const { compiler, files } = decodeJsonSection(section, bytes, sourcesSchema, source);
  return { compiler, files: files.map((file) => decodeFile(section, file, "file", source)) };
}
