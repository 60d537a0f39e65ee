// Which objects a patch changes: all whose dependencies name a changed file. For C files their
// sources and the text of includes name the candidates, without compiling anything; for headers the
// compiler is asked about every object once, and its answers are kept with the base.

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { readKept } from "../files/read-kept.ts";
import { writeWhole } from "../files/write-whole.ts";
import type { Described } from "../json/decode-json.ts";
import type { Base } from "./base.ts";
import { askDependencies } from "./dependencies.ts";
import { findIncluders } from "./headers/source-includes.ts";
import type { CompileUnit, Listing } from "./listing.ts";
import type { MakeTools } from "./tools.ts";

/**
 * Dependencies by the name of the compiled object; all of the listing. `null` where the compiler
 * cannot tell before the build has generated the source.
 */
const dependencyMapSchema = v.record(v.string(), v.nullable(v.array(v.string())));
type DependencyMap = Described<typeof dependencyMapSchema>;

export interface AffectedOptions {
  readonly tools: MakeTools;
  readonly jobs: number;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What to compile, to be confirmed by the dependencies that the compiler then records. */
export async function findCandidates(
  base: Base,
  changed: readonly string[],
  options: AffectedOptions,
): Promise<readonly CompileUnit[]> {
  const { listing } = base;
  const byText = changed.map((file) => candidatesByText(base, file));
  const found = byText.every((units) => units !== undefined)
    ? byText.flat()
    : unitsNaming(listing, changed, await allDependencies(base, options));
  const names = new Set(found.map(({ object }) => object));
  return listing.units.filter(({ object }) => names.has(object));
}

/** Units with a compile whose dependencies name one of the files, or may do. */
function unitsNaming(
  { units }: Listing,
  changed: readonly string[],
  dependencies: DependencyMap,
): readonly CompileUnit[] {
  const files = new Set(changed);
  const names = (object: string) => {
    const own = dependencies[object];
    return own == null || own.some((file) => files.has(file));
  };
  return units.filter(({ compiles }) => compiles.some(({ object }) => names(object)));
}

/** `undefined` when the text cannot tell: headers, and C files that headers include. */
function candidatesByText(base: Base, file: string): readonly CompileUnit[] | undefined {
  if (!/\.[cS]$/.test(file)) return undefined;
  const exists = (path: string) => existsSync(join(base.tree, "xen", path));
  const includers = findIncluders(file, base.includes, exists);
  if ([...includers].some((includer) => !/\.[cS]$/.test(includer))) return undefined;
  return base.listing.units.filter(({ compiles }) =>
    compiles.some(({ source }) => includers.has(source)),
  );
}

/** Asks for all that findCandidates() may need, in advance. */
export async function lookAtDependencies(base: Base, options: AffectedOptions): Promise<void> {
  await allDependencies(base, options);
}

/** Of every object of the base; made once, with progress. */
async function allDependencies(
  base: Base,
  { tools, jobs, onProgress, signal }: AffectedOptions,
): Promise<DependencyMap> {
  const place = join(base.folder, "dependencies.json");
  const { units, aliases } = base.listing;
  const queue = units.flatMap(({ compiles }) => compiles);
  const known = readKept(place, dependencyMapSchema);
  if (known !== undefined && queue.every(({ object }) => object in known)) return known;
  const total = queue.length;
  const dependencies: Record<string, readonly string[] | null> = {};
  let done = 0;
  const work = async () => {
    for (let compile = queue.pop(); compile !== undefined; compile = queue.pop()) {
      const answer = await askDependencies(base.tree, compile, { tools, aliases, signal });
      dependencies[compile.object] = answer ?? null;
      done++;
      if (done % 20 === 0 || done === total)
        onProgress(`dependencies of objects: ${done}/${total}`);
    }
  };
  onProgress(`asking the compiler what each of ${total} objects depends on (once for this source)`);
  await Promise.all(Array.from({ length: jobs }, work));
  writeWhole(place, JSON.stringify(dependencies));
  return dependencies;
}
