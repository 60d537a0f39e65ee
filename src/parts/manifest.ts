// The contents of the cache for one part, written next to it when it is complete. A part without a
// manifest, or with that of another definition, counts as missing.

import { join } from "node:path";
import * as v from "valibot";
import { sha256 } from "../bytes/sha256.ts";
import { readKept } from "../files/read-kept.ts";
import type { Described } from "../json/decode-json.ts";
import { type PackageFile, packageFileSchema } from "./package-file.ts";
import type { PartDefinition } from "./part-definition.ts";

const FORMAT = 1;
export const MANIFEST_NAME = "part.json";

const manifestSchema = v.object({
  packages: v.array(packageFileSchema),
  unpackedBytes: v.number(),
  /** Identifies the part's content: changes with every package and with the selection of files. */
  identity: v.string(),
});
export type PartManifest = Described<typeof manifestSchema>;

const storedSchema = v.object({
  format: v.literal(FORMAT),
  /** A digest. */
  definition: v.string(),
  manifest: manifestSchema,
});

/** `undefined` when the part is not in the cache, or does not match `definition`. */
export function readManifest(cache: string, definition: PartDefinition): PartManifest | undefined {
  const stored = readKept(join(partFolder(cache, definition.id), MANIFEST_NAME), storedSchema);
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

/** Purpose and size are texts for people: they may change without a download. */
function hashOf(value: PartDefinition | readonly unknown[]): string {
  const significant =
    "packages" in value
      ? [
          ...[value.suite, value.packages, value.dependencies?.source, value.members],
          ...(value.form === undefined ? [] : [value.form]),
          ...(value.architecture === undefined ? [] : [value.architecture]),
          ...(value.starters === undefined ? [] : [value.starters]),
        ]
      : value;
  return sha256(JSON.stringify(significant)).slice(0, 32);
}
