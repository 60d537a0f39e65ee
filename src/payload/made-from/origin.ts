// The origin of a payload: the source, the configuration, the compiler and the patches themselves. To
// build another payload on top of this one, only that source and this file are needed. Like the symbol
// map it is in a section without SHF_ALLOC, which no hypervisor loads (ABI reference §2.6), as JSON.
// Not compressed: zlib libraries give different output for the same text, and a payload is a pure
// function of its inputs.

import * as v from "valibot";
import { sha256 } from "../../bytes/sha256.ts";
import type { ElfObject } from "../../elf/object.ts";
import { contentsOf, findSection } from "../../elf/sections.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";
import { maybe } from "../../json/fields.ts";
import { PayloadError } from "../errors.ts";

export const ORIGIN_SECTION = ".xsplice.origin";
const FORMAT = 1;

const patchSchema = v.object({
  name: v.string(),
  sha256: v.string(),
  // One character for each byte, because a patch need not be UTF-8.
  text: maybe(v.string()),
  fuzz: maybe(v.number()),
});

const originSchema = v.object({
  format: v.literal(FORMAT),
  source: v.string(),
  config: v.string(),
  compiler: v.string(),
  patches: v.array(patchSchema),
  pristine: maybe(v.array(patchSchema)),
});

export interface PayloadOrigin {
  /** SHA-256 of the source without any patch, in hex. */
  readonly source: string;
  /** SHA-256 of the configuration, in hex. */
  readonly config: string;
  /** First line of the compiler's version text. */
  readonly compiler: string;
  /** In the order in which they are applied; none for hand-written code. */
  readonly patches: readonly OriginPatch[];
  /** Of both sides, and applied first; `undefined` where there are none. */
  readonly pristine?: readonly OriginPatch[] | undefined;
}

export interface OriginFile {
  /** Without its directory. */
  readonly name: string;
  /** In hex. */
  readonly sha256: string;
}

export interface OriginPatch {
  /** Of the file, without its directory. */
  readonly name: string;
  /** In hex. */
  readonly sha256: string;
  /** `undefined` when the payload was built without them (`--no-patches`). */
  readonly bytes: Uint8Array | undefined;
  /** The fuzz with which it was applied, if any. */
  readonly fuzz?: number | undefined;
}

/** For display and comparison: without the patches themselves. */
export interface OriginDigests extends Omit<PayloadOrigin, "patches" | "pristine"> {
  readonly patches: readonly OriginFile[];
  readonly pristine?: readonly OriginFile[] | undefined;
}

export function digestsOf({ patches, pristine, ...origin }: PayloadOrigin): OriginDigests {
  const digests = (all: readonly OriginPatch[]) =>
    all.map(({ name, sha256: digest }) => ({ name, sha256: digest }));
  const below = pristine === undefined ? {} : { pristine: digests(pristine) };
  return { ...origin, patches: digests(patches), ...below };
}

/** @param path the author's path of the patch; only the file name is kept */
export function originPatch(path: string, bytes: Uint8Array): OriginPatch {
  return { name: path.replace(/^.*\//, ""), sha256: sha256(bytes), bytes };
}

export function withoutTexts(origin: PayloadOrigin): PayloadOrigin {
  const bare = (all: readonly OriginPatch[]) => all.map((one) => ({ ...one, bytes: undefined }));
  const { patches, pristine } = origin;
  return { ...origin, patches: bare(patches), ...(pristine && { pristine: bare(pristine) }) };
}

/** The section's contents. */
export function encodeOrigin(origin: PayloadOrigin): Uint8Array {
  const { source, config, compiler, patches, pristine } = origin;
  const list = (all: readonly OriginPatch[]) =>
    all.map(({ name, sha256: digest, bytes, fuzz = 0 }) => ({
      name,
      sha256: digest,
      ...(bytes === undefined ? {} : { text: Buffer.from(bytes).toString("latin1") }),
      ...(fuzz === 0 ? {} : { fuzz }),
    }));
  const value: v.InferInput<typeof originSchema> = {
    format: FORMAT,
    source,
    config,
    compiler,
    patches: list(patches),
    ...(pristine === undefined ? {} : { pristine: list(pristine) }),
  };
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

/** `undefined` for a payload without one. @throws PayloadError payload/origin */
export function readOrigin(payload: ElfObject): PayloadOrigin | undefined {
  const section = findSection(payload, ORIGIN_SECTION);
  return section && decodeOrigin(contentsOf(payload, section), payload.source);
}

/** @throws PayloadError payload/origin when it is not of this format, or a patch does not fit its digest */
export function decodeOrigin(bytes: Uint8Array, source: string): PayloadOrigin {
  const decoded = decodeJson(textOf(bytes, source), originSchema);
  if (decoded.kind === "problem") throw refusal(source, decoded.problem);
  const { format: _, patches, pristine, ...origin } = decoded.value;
  return {
    ...origin,
    patches: patches.map((patch) => decodePatch(patch, source)),
    ...(pristine && { pristine: pristine.map((patch) => decodePatch(patch, source)) }),
  };
}

function decodePatch(
  { name, sha256: digest, text, fuzz }: Described<typeof patchSchema>,
  source: string,
): OriginPatch {
  const withFuzz = fuzz === undefined ? {} : { fuzz };
  if (text === undefined) return { name, sha256: digest, bytes: undefined, ...withFuzz };
  const bytes = new Uint8Array(Buffer.from(text, "latin1"));
  if (sha256(bytes) === digest) return { name, sha256: digest, bytes, ...withFuzz };
  throw refusal(source, `patch ${JSON.stringify(name)} does not match its digest`);
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
      problem: `Cannot read what a payload was made from: ${state}`,
      where: `${source}, section "${ORIGIN_SECTION}"`,
      expected: `JSON of format ${FORMAT}; others come from another release of xSplice`,
    },
    { cause },
  );
}
