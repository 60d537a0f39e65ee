// The patches for `xsplice build`, by name or by a series, and other text files.

import { dirname, isAbsolute, join } from "node:path";
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

/**
 * In quilt's format: paths relative to the file's directory, comments after #, options after the name.
 * Of these, `-pN` is found out from the patch itself.
 */
export async function readSeries(path: string): Promise<readonly string[]> {
  const lines = Buffer.from(await readText(path))
    .toString()
    .split("\n");
  return lines.flatMap((line, index) => {
    const [name = "", ...options] = line
      .replace(/(^|\s)#.*$/, "")
      .trim()
      .split(/\s+/);
    const unknown = options.find((option) => !/^-p\d*$|^\d+$/.test(option));
    if (unknown !== undefined) throw unknownOption(unknown, `${path}, line ${index + 1}`);
    if (name === "") return [];
    return [isAbsolute(name) ? name : join(dirname(path), name)];
  });
}

function unknownOption(option: string, where: string): UsageError {
  return new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot build from the series: "${option}" behind the name of a patch is unknown`,
    where,
    expected: "nothing, or -p and a number",
    remedy:
      "write the patch so that it applies as it is (-R: interdiff, or git revert, turns one around)",
  });
}

function emptySeries(path: string): UsageError {
  return new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot build from the series "${path}": it names no patch`,
    expected: "the name of a patch on each line",
  });
}
