// The patches for `xsplice build`, by name or by a series, and other text files.

import { dirname, join } from "node:path";
import type { PatchInput } from "../../source-patch/patch-file.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

/** Patches, configurations and series are texts. */
const TEXT_SIZE_MAX = 16 * 1024 * 1024;

/** Those of the series, then those of `--patch`; at least one. */
export async function patchNames({ options }: CommandCall): Promise<readonly string[]> {
  const series = options.text("series");
  const names = [
    ...(series === undefined ? [] : await readSeries(series)),
    ...options.texts("patch"),
  ];
  if (names.length === 0) throw emptySeries(series ?? "");
  return names;
}

export function readPatches(paths: readonly string[]): Promise<readonly PatchInput[]> {
  return Promise.all(paths.map(async (name) => ({ name, bytes: await readText(name) })));
}

export function readText(path: string): Promise<Uint8Array> {
  return readInputFile(path, { sizeMax: TEXT_SIZE_MAX, reason: "far more than a text has" });
}

/** In quilt's format: paths relative to the file's directory, comments after #, options after the name. */
async function readSeries(path: string): Promise<readonly string[]> {
  const bytes = await readText(path);
  return Buffer.from(bytes)
    .toString()
    .split("\n")
    .map(
      (line) =>
        line
          .replace(/(^|\s)#.*$/, "")
          .trim()
          .split(/\s+/)[0] ?? "",
    )
    .filter((name) => name !== "")
    .map((name) => join(dirname(path), name));
}

function emptySeries(path: string): UsageError {
  return new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot build from the series "${path}": it names no patch`,
    expected: "the name of a patch on each line",
  });
}
