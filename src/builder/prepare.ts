// `xsplice prepare`: what builds from one source, configuration and compiler have in common, in advance.

import { type CompiledAhead, compileAhead } from "../pairs/compile-ahead.ts";
import { cacheFolder } from "../parts/cache-folder.ts";
import { useCache } from "../parts/lock.ts";
import type { BuildInputs, BuildOptions } from "./build-options.ts";
import { extraVersionOf, readHypervisor } from "./target.ts";

export type { CompiledAhead } from "../pairs/compile-ahead.ts";

export interface PrepareOptions {
  readonly inputs: Pick<BuildInputs, "source" | "config" | "xenSyms">;
  readonly run: BuildOptions["run"];
}

/**
 * Everything but the patched side. What is there stays, and is used by any build from the same inputs.
 * @throws BuildError, BuilderError, PartsError, ElfError; the reason of `signal`
 */
export async function prepareBuilds({ inputs, run }: PrepareOptions): Promise<CompiledAhead> {
  const { source, config, xenSyms } = inputs;
  const hypervisor = readHypervisor(xenSyms);
  const { architecture } = hypervisor.xen;
  using _used = await useCache(run.cache ?? cacheFolder(run.environment), run.signal);
  return await compileAhead({
    inputs: { source, config, architecture, extraVersion: extraVersionOf(hypervisor) },
    run,
  });
}
