// The first word: the root that a person vouches for, by its file or by a fingerprint that one reads aloud.
// All later roots follow from it.

import { DepotError } from "../errors.ts";
import { decodeMetadata } from "../publish/signed-files.ts";
import type { DepotSource } from "../read/source-form.ts";
import { fingerprintOf, spellFingerprint } from "./fingerprint.ts";

const ROOT_SIZE_MAX = 512_000;
const ROOTS_MAX = 256;

/** @throws DepotError depot/not-trusted for a file that is no root */
export function requireRoot(bytes: Uint8Array, source: string): void {
  try {
    const root = decodeMetadata(new TextDecoder().decode(bytes));
    if (root.signed.toJSON()["_type"] !== "root")
      throw new TypeError("it is metadata of another role");
    root.verifyDelegate("root", root);
  } catch (cause) {
    throw new DepotError(
      {
        code: "depot/not-trusted",
        problem: `Cannot trust "${source}": it is no root of a depot`,
        where: cause instanceof Error ? cause.message : String(cause),
        expected: "metadata/N.root.json of the depot, as its vendor gave it to you",
      },
      { cause },
    );
  }
}

/** The root of a depot that has this fingerprint. @throws DepotError */
export async function findRoot(source: DepotSource, fingerprint: string): Promise<Uint8Array> {
  const wanted = fingerprint.replaceAll(/[\s:]/g, "").toLowerCase();
  const seen: string[] = [];
  for (let version = 1; version <= ROOTS_MAX; version++) {
    const name = `metadata/${version}.root.json`;
    const bytes = await source.read(name, ROOT_SIZE_MAX);
    if (bytes === undefined) break;
    if (fingerprintOf(bytes) === wanted) return bytes;
    seen.push(`${name}: ${spellFingerprint(fingerprintOf(bytes))}`);
  }
  throw new DepotError({
    code: "depot/not-trusted",
    problem: "Cannot trust the depot: none of its roots has this fingerprint",
    where: [source.place, ...seen].join("\n"),
    expected: spellFingerprint(wanted),
    remedy: "ask the vendor for the fingerprint again, by another way than this one",
  });
}
