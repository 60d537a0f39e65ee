// A hypervisor for arm64, built here from the source of Debian's package: Debian's own has live patching off.
// It is built once, and kept in the cache with its symbols and its configuration.

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { BuildError } from "../build-outcome/build-error.ts";
import { makeWhole } from "../files/make-whole.ts";
import { cacheFolder } from "../parts/cache-folder.ts";
import { fetchMissing } from "../parts/fetch-missing.ts";
import { withLock } from "../parts/lock.ts";
import { inspectParts, requirePart } from "../parts/parts.ts";
import type { PlanOptions } from "../parts/plan.ts";
import { pathWithParts } from "../parts/programs.ts";
import { xenPartIds } from "../parts/xen-parts.ts";
import { errorsOf, runMake } from "../xen-make/run.ts";
import { requireMade } from "../xen-make/sandbox/made-file.ts";
import { writeSources } from "../xen-make/scratch-tree.ts";
import { readSourceTree } from "../xen-make/source-tree.ts";
import { findMakeTools, type MakeTools } from "../xen-make/tools.ts";
import { type BaseParts, baseParts, type PartsNeed } from "./base.ts";
import { fetchSource } from "./debian.ts";

const COMPILER_PART = "gcc-arm64";

/** All else as Xen's own defaults are. Live patching of arm64 is experimental, and hidden otherwise. */
const SETTINGS = ["EXPERT", "UNSUPPORTED", "LIVEPATCH", "FAST_SYMBOL_LOOKUP"];
const CONFIG = SETTINGS.map((name) => `CONFIG_${name}=y\n`).join("");

/** Of what lies in the cache: another number, and it is made again. */
const FORMAT = 1;
const File = { image: "xen", symbols: "xen-syms", config: "config" } as const;

/** @throws BaseError base/incomplete; PartsError, BuildError; the reason of the signal */
export async function openDebianArm64(
  version: string,
  need: PartsNeed,
  options: PlanOptions,
): Promise<BaseParts> {
  const source = await fetchSource(version, options, "name another version");
  await fetchMissing([COMPILER_PART], options);
  const isOfPart = inspectParts([COMPILER_PART], options)[0]?.state.kind === "cached";
  const path = pathWithParts([COMPILER_PART], options);
  const folder = await builtHypervisor(version, source, { ...options, path });
  return baseParts({
    title: `Xen ${version} for arm64, built from Debian's source`,
    xenSyms: join(folder, File.symbols),
    image: join(folder, File.image),
    config: join(folder, File.config),
    source: need === "build" ? source : undefined,
    path: isOfPart ? path : undefined,
  });
}

async function builtHypervisor(
  version: string,
  source: string,
  options: PlanOptions & { readonly path: string },
): Promise<string> {
  const { environment = process.env, onProgress = () => {}, signal, path } = options;
  const cache = options.cache ?? cacheFolder(environment);
  const tools = await findMakeTools({
    cache,
    architecture: "aarch64",
    compiler: undefined,
    environment: { ...environment, PATH: path },
    onProgress: (text) => onProgress({ kind: "note", text }),
    signal,
  });
  const folder = join(cache, "hypervisors-arm64", keyOf(version, tools, options));
  const make = async (): Promise<void> => {
    if (existsSync(folder)) return; // Another process made it while this one waited.
    onProgress({
      kind: "note",
      text: `building Xen ${version} for arm64 with live patching, once; this takes minutes`,
    });
    await makeWhole(folder, (made) => build({ source, made, tools, signal }));
  };
  if (!existsSync(folder)) await withLock(cache, "hypervisors-arm64", make, signal);
  return folder;
}

function keyOf(version: string, { compilerVersion }: MakeTools, options: PlanOptions): string {
  const part = requirePart(xenPartIds(version).source, options);
  const identity = part.kind === "cached" ? part.manifest.identity : version;
  const inputs = [FORMAT, identity, CONFIG, compilerVersion];
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 24);
}

interface Build {
  readonly source: string;
  /** The directory that is made. */
  readonly made: string;
  readonly tools: MakeTools;
  readonly signal: AbortSignal | undefined;
}

async function build({ source, made, tools, signal }: Build): Promise<void> {
  const tree = join(made, "tree");
  mkdirSync(made);
  writeSources(readSourceTree(source).files, tree);
  writeFileSync(join(tree, "xen/.config"), CONFIG);
  const jobs = availableParallelism();
  for (const goals of [["olddefconfig"], []]) {
    const result = await runMake({ tree, tools, goals, jobs, signal });
    if (result.exitCode === 0) continue;
    throw new BuildError({
      code: "build/make-failed",
      problem: `Cannot build Xen for arm64: its make ended with ${result.exitCode}`,
      where: errorsOf(result),
      expected: "a source that builds with this compiler",
      remedy: `the compiler is ${tools.compilerVersion}; another one is taken from the PATH`,
    });
  }
  const files = [
    ["xen", File.image],
    ["xen-syms", File.symbols],
    [".config", File.config],
  ] as const;
  for (const [from, to] of files) {
    requireMade(join(tree, "xen", from), `xen/${from}`);
    copyFileSync(join(tree, "xen", from), join(made, to));
  }
  rmSync(tree, { recursive: true });
}
