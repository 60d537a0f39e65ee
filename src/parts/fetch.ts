// Downloads the parts of a plan into the cache. An interrupted fetch leaves no incomplete part.

import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeWhole } from "../files/make-whole.ts";
import { codeOfSystemError } from "../system-state.ts";
import { downloadPackages, forgetParsedLists } from "./apt-suite.ts";
import { PartsError } from "./errors.ts";
import { withLock } from "./lock.ts";
import { formatManifest, MANIFEST_NAME, partFolder, readManifest } from "./manifest.ts";
import type { PartsPlan, PlannedPart } from "./plan.ts";
import { pathWithParts } from "./programs.ts";
import type { FetchOptions } from "./progress.ts";
import { writeStarters } from "./starters.ts";
import { unpackPackage, unpackSource } from "./unpack.ts";

const PROGRESS_INTERVAL_MS = 250;

/**
 * Fetches everything that a plan found; the caller handles unavailable parts.
 * @throws PartsError parts/download-failed, parts/unpack-failed
 */
export async function fetchParts(plan: PartsPlan, options: FetchOptions = {}): Promise<void> {
  if (plan.toFetch.length === 0) return;
  await withLock(
    plan.cache,
    "apt",
    async () => {
      for (const part of plan.toFetch) {
        options.signal?.throwIfAborted();
        // Another process may have fetched it while this one waited for the lock.
        if (readManifest(plan.cache, part.definition) === undefined) {
          await fetchPart(plan.cache, part, options);
        }
      }
      for (const { apt } of plan.toFetch) forgetParsedLists(apt);
    },
    options.signal,
  );
}

async function fetchPart(cache: string, part: PlannedPart, options: FetchOptions): Promise<void> {
  const { definition, files } = part;
  try {
    await makeWhole(partFolder(cache, definition.id), async (unfinished) => {
      mkdirSync(unfinished, { mode: 0o700 });
      const downloads = join(unfinished, "packages");
      await downloadWithProgress(part, downloads, options);
      const root = join(unfinished, "root");
      mkdirSync(root);
      await unpackAll(cache, part, { downloads, root, signal: options.signal });
      rmSync(downloads, { recursive: true });
      if (definition.starters !== undefined) writeStarters(root, definition.starters);
      const manifest = formatManifest(definition, files, sizeOf(root));
      writeFileSync(join(unfinished, MANIFEST_NAME), manifest);
    });
  } catch (error) {
    throw asOutOfSpace(error, cache);
  }
}

async function unpackAll(
  cache: string,
  { definition, files }: PlannedPart,
  { downloads, root, signal }: FetchOptions & { downloads: string; root: string },
): Promise<void> {
  const paths = files.map(({ fileName }) => join(downloads, fileName));
  const { form, unpackedBy = [] } = definition;
  const path = pathWithParts(unpackedBy, { cache });
  if (form === "source")
    return await unpackSource(paths, root, { ...process.env, PATH: path }, signal);
  for (const path of paths) {
    signal?.throwIfAborted();
    await unpackPackage(path, root, definition.members ?? [], signal);
  }
}

async function downloadWithProgress(
  { apt, definition, files, downloadBytes }: PlannedPart,
  folder: string,
  { onProgress = () => {}, signal }: FetchOptions,
): Promise<void> {
  mkdirSync(folder);
  const text = `${definition.id}: ${definition.purpose}`;
  const report = (done: number) =>
    onProgress({ kind: "bytes", text, done: Math.min(done, downloadBytes), total: downloadBytes });
  report(0);
  const timer = setInterval(() => report(sizeOf(folder)), PROGRESS_INTERVAL_MS);
  try {
    await downloadPackages(apt, files, folder, { signal });
  } finally {
    clearInterval(timer);
  }
  report(downloadBytes);
}

function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.size ?? 0), 0);
}

function asOutOfSpace(error: unknown, cache: string): unknown {
  if (codeOfSystemError(error) !== "ENOSPC") return error;
  return new PartsError(
    {
      code: "parts/unpack-failed",
      problem: "Cannot store parts: the disk is full",
      where: cache,
      remedy: "free some space, or set XDG_CACHE_HOME to a directory on another disk",
    },
    { cause: error },
  );
}
