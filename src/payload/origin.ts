// What a payload was made from: the source, the configuration, the compiler and the patches
// themselves. Whoever builds another payload on top of this one starts from exactly that source, and
// needs nothing but the file for it. Like the symbol map it lies in a section without SHF_ALLOC,
// which no hypervisor loads (ABI reference §2.6), as JSON. Not compressed: libraries of zlib differ in
// what they make of the same text, and a payload is a pure function of its inputs.

import { createHash } from "node:crypto";
import type { ElfObject } from "../elf/object.ts";
import { contentsOf, findSection } from "../elf/sections.ts";
import { PayloadError } from "./errors.ts";

export const ORIGIN_SECTION = ".xsplice.origin";
const FORMAT = 1;

export interface PayloadOrigin {
  /** SHA-256 of the source without any patch, in hex. */
  readonly source: string;
  /** SHA-256 of the configuration, in hex. */
  readonly config: string;
  /** First line of what the compiler says of its version. */
  readonly compiler: string;
  /** In the order in which they are applied; none for hand-written code. */
  readonly patches: readonly OriginPatch[];
}

export interface OriginPatch {
  /** Of the file, without its folder. */
  readonly name: string;
  /** In hex. */
  readonly sha256: string;
  /** `undefined` when the payload was built without them (`--no-patches`). */
  readonly bytes: Uint8Array | undefined;
}

/** To be looked at and compared: without the patches themselves. */
export interface OriginDigests extends Omit<PayloadOrigin, "patches"> {
  readonly patches: readonly Omit<OriginPatch, "bytes">[];
}

export function digestsOf({ patches, ...origin }: PayloadOrigin): OriginDigests {
  return {
    ...origin,
    patches: patches.map(({ name, sha256: digest }) => ({ name, sha256: digest })),
  };
}

/** @param path what its author called the patch; only the last part is kept */
export function originPatch(path: string, bytes: Uint8Array): OriginPatch {
  return { name: path.replace(/^.*\//, ""), sha256: sha256(bytes), bytes };
}

export function withoutTexts(origin: PayloadOrigin): PayloadOrigin {
  const patches = origin.patches.map((patch) => ({ ...patch, bytes: undefined }));
  return { ...origin, patches };
}

/** The section's contents. */
export function encodeOrigin({ source, config, compiler, patches }: PayloadOrigin): Uint8Array {
  const listed = patches.map(({ name, sha256: digest, bytes }) => ({
    name,
    sha256: digest,
    // One character a byte: a patch need not be UTF-8.
    ...(bytes === undefined ? {} : { text: Buffer.from(bytes).toString("latin1") }),
  }));
  const value = { format: FORMAT, source, config, compiler, patches: listed };
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

/** `undefined` for a payload that does not say. @throws PayloadError payload/origin */
export function readOrigin(payload: ElfObject): PayloadOrigin | undefined {
  const section = findSection(payload, ORIGIN_SECTION);
  return section && decodeOrigin(contentsOf(payload, section), payload.source);
}

/** @throws PayloadError payload/origin when it is none of this format, or not what its digests say */
export function decodeOrigin(bytes: Uint8Array, source: string): PayloadOrigin {
  const value = parseJson(bytes, source);
  if (!isRecord(value) || value["format"] !== FORMAT) {
    throw refusal(source, `it is not of format ${FORMAT}`);
  }
  const patches = value["patches"];
  if (!Array.isArray(patches)) throw refusal(source, "it names no patches");
  return {
    source: textOf(value, "source", source),
    config: textOf(value, "config", source),
    compiler: textOf(value, "compiler", source),
    patches: patches.map((patch: unknown) => decodePatch(patch, source)),
  };
}

function decodePatch(value: unknown, source: string): OriginPatch {
  if (!isRecord(value)) throw refusal(source, "one of its patches has no name");
  const patch = { name: textOf(value, "name", source), sha256: textOf(value, "sha256", source) };
  if (value["text"] === undefined) return { ...patch, bytes: undefined };
  const bytes = new Uint8Array(Buffer.from(textOf(value, "text", source), "latin1"));
  if (sha256(bytes) === patch.sha256) return { ...patch, bytes };
  throw refusal(source, `patch ${JSON.stringify(patch.name)} is not the one of its digest`);
}

function parseJson(bytes: Uint8Array, source: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refusal(source, "it is no JSON text", cause);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: Readonly<Record<string, unknown>>, key: string, source: string): string {
  const text = value[key];
  if (typeof text === "string") return text;
  throw refusal(source, `"${key}" is missing`);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function refusal(source: string, state: string, cause?: unknown): PayloadError {
  return new PayloadError(
    {
      code: "payload/origin",
      problem: `Cannot read what a payload was made from: ${state}`,
      where: `${source}, section "${ORIGIN_SECTION}"`,
      expected: `JSON of format ${FORMAT}; others come from another release of xSplice`,
    },
    { cause },
  );
}
