// Metadata as it lies in a depot's folder, and how one more version of it comes about. The classes of
// `@tufjs/models` make its bytes and judge its signatures; nothing here knows the format.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Metadata, MetadataKind, Signature } from "@tufjs/models";
import { codeOfSystemError } from "../../system-state.ts";
import type { Signer } from "../keys/signer.ts";
import type { Fields } from "./documents.ts";

export type AnyMetadata = ReturnType<typeof decodeMetadata>;

export function decodeMetadata(text: string) {
  const data = JSON.parse(text);
  // The overloads want one kind; which one it is, the document says.
  return Metadata.fromJSON(kindOf(data?.signed?._type) as MetadataKind.Targets, data);
}

function kindOf(type: unknown): MetadataKind {
  const kind = Object.values(MetadataKind).find((one) => one === type);
  if (kind === undefined) throw new TypeError(`no metadata has the type ${String(type)}`);
  return kind;
}

export function makeMetadata(
  fields: Fields,
  {
    version,
    expires,
    signedAt,
  }: { readonly version: number; readonly expires: Date; readonly signedAt: Date },
): AnyMetadata {
  const times = { expires: secondsOf(expires), "x-xsplice-signed": secondsOf(signedAt) };
  return decodeMetadata(
    JSON.stringify({ signatures: [], signed: { ...fields, ...times, version } }),
  );
}

/** As TUF writes times: no fraction. */
function secondsOf(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Whether only version, times and signatures would differ. */
export function saysTheSame(metadata: AnyMetadata | undefined, fields: Fields): boolean {
  if (metadata === undefined) return false;
  const { version: _v, expires: _e, "x-xsplice-signed": _s, ...rest } = metadata.signed.toJSON();
  return isDeepStrictEqual(rest, fields);
}

export function signWith(metadata: AnyMetadata, signers: readonly Signer[]): void {
  for (const { keyId, sign } of signers) {
    if (metadata.signatures[keyId] !== undefined) continue;
    metadata.sign((bytes) => new Signature({ keyID: keyId, sig: sign(bytes) }));
  }
}

export function encodeMetadata(metadata: AnyMetadata): string {
  return `${JSON.stringify(metadata.toJSON(), undefined, 1)}\n`;
}

/** `undefined` where there is none. */
export function readMetadata(path: string): AnyMetadata | undefined {
  try {
    return decodeMetadata(readFileSync(path, "utf8"));
  } catch (error) {
    if (codeOfSystemError(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Which versions a timestamp or a snapshot names; of none, nothing. */
export function metaOf(
  metadata: AnyMetadata | undefined,
): Readonly<Record<string, { readonly version: number }>> {
  const fields = metadata?.signed.toJSON() as { meta?: Record<string, { version: number }> };
  return fields?.meta ?? {};
}

export function latestRoot(folder: string): AnyMetadata | undefined {
  const versions = readdirSync(folder).flatMap((name) => {
    const [, version] = /^(\d+)\.root\.json$/.exec(name) ?? [];
    return version === undefined ? [] : Number(version);
  });
  if (versions.length === 0) return undefined;
  return readMetadata(join(folder, `${Math.max(...versions)}.root.json`));
}
