// What lies in the cache of one part, written beside it when it is complete. A part without a
// manifest, or with one of another definition, counts as not there.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PackageFile } from "./apt-suite.ts";
import type { PartDefinition } from "./catalogue.ts";

const FORMAT = 1;
export const MANIFEST_NAME = "part.json";

export interface PartManifest {
  readonly packages: readonly PackageFile[];
  readonly unpackedBytes: number;
  /** Changes with every package and with what is kept of them: the part's content by another name. */
  readonly identity: string;
}

/** `undefined` when the part is not in the cache, or not as `definition` wants it. */
export function readManifest(cache: string, definition: PartDefinition): PartManifest | undefined {
  const stored = readStored(join(partFolder(cache, definition.id), MANIFEST_NAME));
  if (stored?.definition !== hashOf(definition)) return undefined;
  return stored.manifest;
}

/** The text of a manifest file. */
export function formatManifest(
  definition: PartDefinition,
  packages: readonly PackageFile[],
  unpackedBytes: number,
): string {
  const hash = hashOf(definition);
  const identity = hashOf([hash, packages.map((file) => file.hash)]);
  const manifest: PartManifest = { packages, unpackedBytes, identity };
  return `${JSON.stringify({ format: FORMAT, definition: hash, manifest }, undefined, 2)}\n`;
}

export function partFolder(cache: string, id: string): string {
  return join(cache, "parts", id);
}

function readStored(path: string): { definition: string; manifest: PartManifest } | undefined {
  try {
    const stored: unknown = JSON.parse(readFileSync(path, "utf8"));
    // Only fetchParts() writes here, and renames what is whole into place; the format says enough.
    if (typeof stored !== "object" || stored === null) return undefined;
    if (!("format" in stored) || stored.format !== FORMAT) return undefined;
    return stored as unknown as { definition: string; manifest: PartManifest };
  } catch {
    return undefined; // Absent, or spoilt by something else: fetched again.
  }
}

/** Purpose and size are words for people: they may change without a download. */
function hashOf(value: PartDefinition | readonly unknown[]): string {
  const significant =
    "packages" in value
      ? [
          ...[value.suite, value.packages, value.dependencies?.source, value.members],
          ...(value.form === undefined ? [] : [value.form]),
        ]
      : value;
  return createHash("sha256").update(JSON.stringify(significant)).digest("hex").slice(0, 32);
}
