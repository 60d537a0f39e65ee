// Makes the programs of parts available to other programs, only through the PATH. The machine's own
// programs have priority.

import { delimiter, join } from "node:path";
import type { Environment } from "./cache-folder.ts";
import { type PartsOptions, requirePart } from "./parts.ts";

/**
 * The PATH of `environment`, preceded by the programs of parts that the machine lacks.
 * @throws PartsError parts/missing
 */
export function pathWithParts(ids: readonly string[], options: PartsOptions = {}): string {
  const { environment = process.env }: { environment?: Environment } = options;
  const folders = ids.flatMap((id) => {
    const part = requirePart(id, options);
    return part.kind === "cached" ? ["usr/bin", "bin"].map((name) => join(part.root, name)) : [];
  });
  return [...folders, environment["PATH"] ?? ""].join(delimiter);
}
