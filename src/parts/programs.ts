// Makes the programs of parts available to other programs, only through the PATH. The machine's own
// programs have priority.

import { delimiter, join } from "node:path";
import type { Environment } from "./cache-folder.ts";
import { partDefinition } from "./catalogue.ts";
import { type PartsOptions, requirePart } from "./parts.ts";
import { startersOf } from "./starters.ts";

/**
 * The PATH of `environment`, preceded by the programs of parts that the machine lacks.
 * @throws PartsError parts/missing
 */
export function pathWithParts(ids: readonly string[], options: PartsOptions = {}): string {
  const { environment = process.env }: { environment?: Environment } = options;
  const folders = ids.flatMap((id) => {
    const part = requirePart(id, options);
    if (part.kind !== "cached") return [];
    if (partDefinition(id).starters !== undefined) return [startersOf(part.root)];
    return ["usr/bin", "bin"].map((name) => join(part.root, name));
  });
  return [...folders, environment["PATH"] ?? ""].join(delimiter);
}
