// Prevents that a result overwrites one of its own inputs, or what somebody has edited.

import { realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FileError } from "../../files/errors.ts";
import { followTrusted } from "../../files/trusted-way.ts";
import { codeOfSystemError } from "../../system-state.ts";
import { UsageError } from "../usage-error.ts";

/** Checks that `output` lies in a directory that exists, before any work. @throws UsageError */
export async function requireFolder(output: string, option = "--output"): Promise<void> {
  for (const place of [output, `${output}.json`]) refuseForeignLink(place);
  const folder = dirname(output);
  const isThere = await stat(folder).then(
    (found) => found.isDirectory(),
    // What cannot be looked at may exist: the writing says what is wrong.
    (error: unknown) => codeOfSystemError(error) !== "ENOENT",
  );
  if (isThere) return;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot write to "${output}": there is no directory "${folder}"`,
    where: option,
    remedy: "make the directory, or name another place",
  });
}

/** Checks that a file of evidence can be written there, and overwrites none of `inputs`. @throws UsageError */
export async function requireEvidencePlace(
  output: string,
  option: string,
  inputs: readonly string[],
): Promise<void> {
  await requireFolder(output, option);
  const place = await placeOf(output);
  if (place === undefined) return;
  const refuse = (state: string): never => {
    throw new UsageError({
      code: "usage/bad-value",
      problem: `Cannot write to "${output}": ${state}`,
      expected: `the name of a file, with ${option}`,
    });
  };
  if ((await stat(place)).isDirectory()) refuse("it is a directory");
  for (const input of inputs) {
    if ((await placeOf(input)) === place)
      refuse(`it would overwrite "${input}", which it tells of`);
  }
}

/** What else is wrong with the way is told when it is written. @throws FileError */
function refuseForeignLink(place: string): void {
  try {
    followTrusted(place);
  } catch (error) {
    if (error instanceof FileError) throw error;
  }
}

/** Checks `output` and the report next to it against the files that were read. @throws UsageError */
export async function requireOtherPlace(output: string, inputs: readonly string[]): Promise<void> {
  const places = await Promise.all([output, `${output}.json`].map(placeOf));
  for (const input of inputs) {
    const place = await placeOf(input);
    if (place === undefined || !places.includes(place)) continue;
    throw new UsageError({
      code: "usage/bad-value",
      problem: `Cannot write to "${output}": it would overwrite "${input}", which it is made from`,
      expected: "another name for the payload, with --output",
    });
  }
}

/** Checks that `draft` is neither a file that exists nor a result of the build. @throws UsageError */
export async function requireFreePlace(draft: string, output: string): Promise<void> {
  const isResult = [output, `${output}.json`].some((one) => resolve(one) === resolve(draft));
  const isThere = await stat(draft).then(
    (found) => found.isFile() || found.isDirectory(),
    () => false,
  );
  if (!isResult && !isThere) return;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot write a draft to "${draft}": ${isResult ? "the build writes another file there" : "it exists, and may have been edited"}`,
    expected: "the name of a new file, with --draft-hooks",
  });
}

/** Follows links; undefined for a missing file, which cannot be overwritten. */
async function placeOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
}
