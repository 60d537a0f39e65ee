// A result must not be written over what it is made from: the input would be gone.

import { realpath } from "node:fs/promises";
import { UsageError } from "../usage-error.ts";

/** `output` and the file beside it, against files that were read. @throws UsageError */
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

/** Behind links; undefined for what is not there, and so cannot be overwritten. */
async function placeOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
}
