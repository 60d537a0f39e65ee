// The origin of a payload: the source, the configuration, the compiler and the patches themselves. To
// build another payload on top of this one, only that source and this file are needed. Like the symbol
// map it is in a section without SHF_ALLOC, which no hypervisor loads (ABI reference §2.6), as JSON.
// Not compressed: zlib libraries give different output for the same text, and a payload is a pure
// function of its inputs.

import * as v from "valibot";
import { sha256 } from "../../bytes/sha256.ts";
import type { ElfObject } from "../../elf/object.ts";
import { contentsOf, findSection } from "../../elf/sections.ts";
import type { Described } from "../../json/decode-json.ts";
import { maybe } from "../../json/fields.ts";
import {
  decodeFile,
  decodeJsonSection,
  encodeFile,
  encodeJsonSection,
  type JsonSection,
} from "./json-section.ts";

export const ORIGIN_SECTION = ".xsplice.origin";
const FORMAT = 1;
const section: JsonSection = { name: ORIGIN_SECTION, format: FORMAT, of: "a payload" };

const patchSchema = v.object({
  name: v.string(),
  sha256: v.string(),
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
    all.map(({ fuzz = 0, ...patch }) => ({
      ...encodeFile(patch),
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
  return encodeJsonSection(value);
}

/** `undefined` for a payload without one. @throws PayloadError payload/origin */
export function readOrigin(payload: ElfObject): PayloadOrigin | undefined {
  const found = findSection(payload, ORIGIN_SECTION);
  return found && decodeOrigin(contentsOf(payload, found), payload.source);
}

/** @throws PayloadError payload/origin when it is not of this format, or a patch does not fit its digest */
export function decodeOrigin(bytes: Uint8Array, source: string): PayloadOrigin {
  const decoded = decodeJsonSection(section, bytes, originSchema, source);
  const { format: _, patches, pristine, ...origin } = decoded;
  return {
    ...origin,
    patches: patches.map((patch) => decodePatch(patch, source)),
    ...(pristine && { pristine: pristine.map((patch) => decodePatch(patch, source)) }),
  };
}

function decodePatch(
  { fuzz, ...file }: Described<typeof patchSchema>,
  source: string,
): OriginPatch {
  const patch = decodeFile(section, file, "patch", source);
  return fuzz === undefined ? patch : { ...patch, fuzz };
}
