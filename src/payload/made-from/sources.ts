// The texts that hand-written code was compiled from: C files of `xsplice compile`, hooks of `xsplice build
// --hooks`, and the headers that these include. So the file alone tells later what is in it. Like the origin it
// is in a section without SHF_ALLOC, which no hypervisor loads (ABI reference §2.6), as JSON.
// Not there: flags of the compiler, which may name folders of a machine.

import * as v from "valibot";
import { sha256 } from "../../bytes/sha256.ts";
import type { ElfObject } from "../../elf/object.ts";
import { contentsOf, findSection } from "../../elf/sections.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";
import { maybe } from "../../json/fields.ts";
import { PayloadError } from "../errors.ts";

export const SOURCES_SECTION = ".xsplice.sources";
const FORMAT = 1;

const sourcesSchema = v.object({
  format: v.literal(FORMAT),
  compiler: v.string(),
  files: v.array(
    v.object({
      name: v.string(),
      sha256: v.string(),
      // One character for each byte, because a comment need not be UTF-8.
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
    files: files.map(({ name, sha256: digest, bytes }) => {
      const text = bytes === undefined ? {} : { text: Buffer.from(bytes).toString("latin1") };
      return { name, sha256: digest, ...text };
    }),
  };
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

/** `undefined` for a payload without hand-written code. @throws PayloadError payload/origin */
export function readSources(payload: ElfObject): PayloadSources | undefined {
  const section = findSection(payload, SOURCES_SECTION);
  return section && decodeSources(contentsOf(payload, section), payload.source);
}

/** @throws PayloadError payload/origin when it is not of this format, or a text does not fit its digest */
export function decodeSources(bytes: Uint8Array, source: string): PayloadSources {
  const decoded = decodeJson(textOf(bytes, source), sourcesSchema);
  if (decoded.kind === "problem") throw refusal(source, decoded.problem);
  const { compiler, files } = decoded.value;
  return { compiler, files: files.map((file) => decodeFile(file, source)) };
}

function decodeFile(
  { name, sha256: digest, text }: Described<typeof sourcesSchema>["files"][number],
  source: string,
): SourceFile {
  if (text === undefined) return { name, sha256: digest, bytes: undefined };
  const bytes = new Uint8Array(Buffer.from(text, "latin1"));
  if (sha256(bytes) === digest) return { name, sha256: digest, bytes };
  throw refusal(source, `file ${JSON.stringify(name)} does not match its digest`);
}

function textOf(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refusal(source, "it is not UTF-8", cause);
  }
}

function refusal(source: string, state: string, cause?: unknown): PayloadError {
  return new PayloadError(
    {
      code: "payload/origin",
      problem: `Cannot read what hand-written code was made from: ${state}`,
      where: `${source}, section "${SOURCES_SECTION}"`,
      expected: `JSON of format ${FORMAT}; others come from another release of xSplice`,
    },
    { cause },
  );
}
