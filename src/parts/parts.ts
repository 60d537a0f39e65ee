// The parts on this machine, determined without a mirror.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheFolder, type Environment } from "./cache-folder.ts";
import { partDefinition } from "./catalogue.ts";
import { PartsError } from "./errors.ts";
import { type PartManifest, partFolder, readManifest } from "./manifest.ts";
import type { PartDefinition } from "./part-definition.ts";

export type PartState =
  /** Unpacked in the cache; `root` contains `usr`, `lib`, `boot`. */
  | { readonly kind: "cached"; readonly root: string; readonly manifest: PartManifest }
  /** The machine's own programs are used; `program` is the first of them. */
  | { readonly kind: "provided"; readonly program: string }
  | { readonly kind: "missing" };

export interface Part {
  readonly definition: PartDefinition;
  readonly state: PartState;
}

export interface PartsOptions {
  /** By default `cacheFolder()`. */
  readonly cache?: string;
  readonly environment?: Environment;
}

export function inspectParts(ids: readonly string[], options: PartsOptions = {}): Part[] {
  const { environment = process.env } = options;
  const cache = options.cache ?? cacheFolder(environment);
  return ids.map((id) => {
    const definition = partDefinition(id);
    return { definition, state: stateOf(definition, cache, environment) };
  });
}

/** Where the programs or files of a fetched part are. @throws PartsError parts/missing */
export function requirePart(
  id: string,
  options: PartsOptions = {},
): Exclude<PartState, { kind: "missing" }> {
  const [part] = inspectParts([id], options);
  if (part && part.state.kind !== "missing") return part.state;
  throw new PartsError({
    code: "parts/missing",
    problem: `Cannot use part "${id}": it has not been fetched`,
    expected: partDefinition(id).purpose,
    remedy: "run a command that fetches what it needs, such as: xsplice demo",
  });
}

function stateOf(definition: PartDefinition, cache: string, environment: Environment): PartState {
  const programs = (definition.providedBy ?? []).map((name) => findProgram(name, environment));
  const [program] = programs;
  if (program !== undefined && !programs.includes(undefined)) return { kind: "provided", program };
  const manifest = readManifest(cache, definition);
  if (manifest === undefined) return { kind: "missing" };
  return { kind: "cached", root: join(partFolder(cache, definition.id), "root"), manifest };
}

/** Full path of a program in PATH. */
export function findProgram(name: string, environment: Environment): string | undefined {
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
