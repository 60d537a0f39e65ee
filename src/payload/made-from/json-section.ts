// What a payload tells in JSON of what it was made from: sections without SHF_ALLOC, which no hypervisor loads
// (ABI reference §2.6), with files whose digests are held against their texts.

import type { GenericSchema } from "valibot";
import { sha256 } from "../../bytes/sha256.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";
import { PayloadError } from "../errors.ts";

export interface JsonSection {
  readonly name: string;
  readonly format: number;
  /** What was made, for the error. */
  readonly of: string;
}

export interface EncodedFile {
  readonly name: string;
  /** In hex. */
  readonly sha256: string;
  /** One character for each byte, because neither patches nor comments need be UTF-8. */
  readonly text?: string | undefined;
}

interface DecodedFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: Uint8Array | undefined;
}

export function encodeJsonSection(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

/** @param source the payload's, for the error. @throws PayloadError payload/origin */
export function decodeJsonSection<Of extends GenericSchema>(
  section: JsonSection,
  bytes: Uint8Array,
  schema: Of,
  source: string,
): Described<Of> {
  const decoded = decodeJson(textOf(section, bytes, source), schema);
  if (decoded.kind === "problem") throw badSection(section, source, decoded.problem);
  return decoded.value;
}

export function encodeFile({ name, sha256: digest, bytes }: DecodedFile): EncodedFile {
  if (bytes === undefined) return { name, sha256: digest };
  return { name, sha256: digest, text: Buffer.from(bytes).toString("latin1") };
}

/** @param what `patch`, `file`. @throws PayloadError payload/origin when its text does not fit its digest */
export function decodeFile(
  section: JsonSection,
  { name, sha256: digest, text }: EncodedFile,
  what: string,
  source: string,
): DecodedFile {
  if (text === undefined) return { name, sha256: digest, bytes: undefined };
  const bytes = new Uint8Array(Buffer.from(text, "latin1"));
  if (sha256(bytes) === digest) return { name, sha256: digest, bytes };
  const state = `${what} ${JSON.stringify(name)} does not match its digest`;
  throw badSection(section, source, state);
}

function textOf(section: JsonSection, bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw badSection(section, source, "it is not UTF-8", cause);
  }
}

function badSection(
  { name, format, of }: JsonSection,
  source: string,
  state: string,
  cause?: unknown,
): PayloadError {
  return new PayloadError(
    {
      code: "payload/origin",
      problem: `Cannot read what ${of} was made from: ${state}`,
      where: `${source}, section "${name}"`,
      expected: `JSON of format ${format}; others come from another release of xSplice`,
    },
    { cause },
  );
}
