// One file that apt would download, as its lists describe it, and the check of the downloaded file.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { PartsError } from "./errors.ts";

export const packageFileSchema = v.object({
  name: v.string(),
  version: v.string(),
  /** The file name that `apt-get download` uses in the current directory. */
  fileName: v.string(),
  sizeBytes: v.number(),
  /** `SHA256:…`, from the signed lists. */
  hash: v.string(),
});
export type PackageFile = Described<typeof packageFileSchema>;

/** Lines of `--print-uris`: 'URI' FILENAME SIZE HASH. */
export function parseUris(listing: string): PackageFile[] {
  return [...listing.matchAll(/^'\S+' (\S+) (\d+) (\S+)$/gm)].map(
    ([, fileName = "", size, hash = ""]) => ({
      ...splitFileName(fileName),
      fileName,
      sizeBytes: Number(size),
      hash,
    }),
  );
}

/** NAME_VERSION_ARCHITECTURE.deb, where the version may hold %3a for a colon. */
export function splitFileName(fileName: string): { name: string; version: string } {
  const [name = "", version = ""] = fileName.split("_");
  return { name, version: decodeURIComponent(version) };
}

/** Hashes for which no second file can be constructed. */
const strongHashes: Readonly<Record<string, string>> = { SHA256: "sha256", SHA512: "sha512" };

/**
 * apt has compared the hashes, too; this also rejects a file that apt was configured to accept
 * unverified.
 * @throws PartsError parts/download-failed
 */
export function requireGenuine(files: readonly PackageFile[], folder: string): void {
  for (const { fileName, hash } of files) {
    const [kind = "", expected = ""] = hash.split(":");
    const algorithm = strongHashes[kind];
    if (algorithm === undefined)
      throw notGenuine(fileName, "the lists have no SHA-256 of it", hash);
    const found = createHash(algorithm)
      .update(readFileSync(join(folder, fileName)))
      .digest("hex");
    if (found === expected.toLowerCase()) continue;
    throw notGenuine(
      fileName,
      "it is not the file that the signed lists name",
      `${kind}:${found}`,
      hash,
    );
  }
}

function notGenuine(
  fileName: string,
  problem: string,
  where: string,
  expected?: string,
): PartsError {
  return new PartsError({
    code: "parts/download-failed",
    problem: `Cannot use the download "${fileName}": ${problem}`,
    where,
    ...(expected === undefined ? {} : { expected }),
    remedy: "try again; if it fails again, choose another mirror with XSPLICE_DEBIAN_MIRROR",
  });
}
