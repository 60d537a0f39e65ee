// Prevents that a result overwrites one of its own inputs.

import { realpath } from "node:fs/promises";
import { UsageError } from "../usage-error.ts";

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

/** Follows links; undefined for a missing file, which cannot be overwritten. */
async function placeOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
}
