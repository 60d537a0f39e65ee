// A published depot as one file, to carry it into a network without a way out: a tar of `metadata/` and
// `targets/`, with names in order and no times, so that the same depot gives the same file. Whoever unpacks it
// need not believe it: hosts judge what they read as ever.

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeWhole } from "../../files/write-whole.ts";
import { DepotError } from "../errors.ts";

const BLOCK = 512;
const SERVED = ["metadata", "targets"] as const;
/** Two or more parts of plain names; none begins with a dot. */
const NAME = /^(metadata|targets)(\/[A-Za-z0-9_+][\w.+@%-]*)+$/;

/** @throws the system's error */
export function packDepot(depot: string): Uint8Array {
  const files = SERVED.flatMap((folder) =>
    readdirSync(join(depot, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".tmp"))
      .map(({ parentPath, name }) => join(parentPath, name).slice(join(depot, "/").length)),
  );
  const entries = files.sort().flatMap((path) => entryOf(path, readFileSync(join(depot, path))));
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}

/**
 * Into a directory that a web server serves, new or with an older state of the same depot: what others are
 * pointed to first, the timestamp after that, so that hosts that read meanwhile see one state or the other.
 * @returns how many files were written. @throws DepotError depot/damaged for anything but such an archive
 */
export function unpackDepot(archive: Uint8Array, source: string, depot: string): number {
  // All of it is read before the first file is written.
  const files = readEntries(archive, source);
  const ordered = files.toSorted((one, other) => rank(one.path) - rank(other.path));
  for (const { path, bytes } of ordered) {
    const place = join(depot, path);
    mkdirSync(dirname(place), { recursive: true });
    writeWhole(place, bytes);
  }
  return ordered.length;
}

function rank(path: string): number {
  if (path.startsWith("targets/")) return 0;
  if (path === "metadata/timestamp.json") return 2;
  // A new root is believed with what its predecessor believed, too; see write.ts.
  return /^metadata\/\d+\.root\.json$/.test(path) ? 3 : 1;
}

function entryOf(path: string, bytes: Uint8Array): readonly Uint8Array[] {
  // Names of payloads with their digests are longer than a plain header takes.
  const record = ` path=${path}\n`;
  const length = record.length + String(record.length + 3).length;
  const extended = Buffer.from(`${length}${record}`);
  return [
    header("pax", extended.length, "x"),
    padded(extended),
    header("file", bytes.length, "0"),
    padded(bytes),
  ];
}

function header(name: string, size: number, type: "0" | "x"): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  block.write(name, 0);
  block.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100);
  block.write(`${octal(size, 11)}\0${octal(0, 11)}\0`, 124);
  block.write(`        ${type}`, 148);
  block.write("ustar\u000000", 257);
  block.write(`${octal(sumOf(block), 6)}\0 `, 148);
  return block;
}

function sumOf(block: Uint8Array): number {
  return block.reduce((sum, byte) => sum + byte, 0);
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

interface Entry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

function readEntries(archive: Uint8Array, source: string): readonly Entry[] {
  const found: Entry[] = [];
  const seen = new Set<string>();
  let name: string | undefined;
  let at = 0;
  while (at + BLOCK <= archive.length) {
    const block = Buffer.from(archive.subarray(at, at + BLOCK));
    if (block.every((byte) => byte === 0)) break;
    const told = Number.parseInt(block.toString("latin1", 148, 156), 8);
    block.fill(" ", 148, 156);
    const size = Number.parseInt(block.toString("latin1", 124, 136), 8);
    if (told !== sumOf(block) || !(size >= 0))
      throw noArchive(source, `a header is damaged at ${at}`);
    const bytes = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (bytes.length !== size) throw noArchive(source, "it is cut off");
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(block[156] ?? 0);
    if (type === "x") {
      name = /^\d+ path=(.*)\n$/.exec(Buffer.from(bytes).toString())?.[1];
      continue;
    }
    const path = name ?? "";
    name = undefined;
    if (type !== "0" || !NAME.test(path) || seen.has(path)) {
      throw noArchive(source, `it has an entry that no depot has: ${JSON.stringify(path)}`);
    }
    seen.add(path);
    found.push({ path, bytes });
  }
  if (!seen.has("metadata/timestamp.json"))
    throw noArchive(source, "it is cut off, or of no published depot");
  return found;
}

function noArchive(source: string, state: string): DepotError {
  return new DepotError({
    code: "depot/damaged",
    problem: `Cannot import "${source}": ${state}`,
    expected: "a file that xsplice depot export has made",
    remedy: "nothing was written; export it again, or copy it again",
  });
}
