// `xsplice build`: from a source patch to a payload. This file has the passes up to the compiler's
// objects; the later passes are in finish.ts, which is loaded while make runs.

import { iced } from "../isa/iced.ts";
import { preparePairs } from "../pairs/prepare-pairs.ts";
import { cacheFolder, requireCacheFolder } from "../parts/cache-folder.ts";
import { useCache } from "../parts/lock.ts";
import { checkFoundation } from "../running/payload-below.ts";
import { patchesBelow } from "../stacking/patches.ts";
import { Timings } from "../xen-make/timings.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";
import { readHookFiles } from "./hooks/hook-files.ts";
import { extraVersionOf, type Hypervisor, readHypervisor, startTools } from "./target.ts";

/**
 * What cannot be live patched is an outcome, not an error.
 * @throws BuildError, BuilderError, DiffError, ElfError, EmitError; the reason of `signal`
 */
export async function buildFix(options: BuildOptions): Promise<BuiltFix> {
  const { inputs, stacking, run } = options;
  const { source, config, patches, pristine, xenSyms } = inputs;
  const timings = new Timings();
  const cache = run.cache ?? cacheFolder(run.environment);
  requireCacheFolder(cache); // Before any program in it runs.
  // The compiler is queried while the hypervisor and the source are read.
  const tools = startTools(xenSyms, run);
  const hookFiles = await readHookFiles(inputs.hooks);
  const hypervisor = timings.measure("read hypervisor", () => readHypervisor(xenSyms));
  const { xen } = hypervisor;
  checkFoundation(stacking.foundation, xen);
  const earlier = patchesBelow(stacking.foundation, stacking.basePatches);
  // From here it is known which source the unpatched side is compiled from.
  using _used = await useCache(cache, run.signal);
  const prepared = await preparePairs({
    inputs: {
      source,
      config,
      patches,
      pristine,
      earlier,
      architecture: xen.architecture,
      // To find it, all symbols are read: that is left for when it is asked for.
      get extraVersion() {
        return extraVersionOf(hypervisor);
      },
      hookFiles: hookFiles.withXenHeaders,
    },
    run,
    within: {
      tools,
      timings,
      removal: "meanwhile",
      meanwhile: () => void getReady(hypervisor, xenSyms.bytes, cache).catch(() => {}), // Told when it is needed.
    },
  });
  // From here every file and hunk has its objects or its reason, and both sides are compiled.
  try {
    const finishFix = await loadFinish();
    return await finishFix(prepared, hypervisor, { ...options, hookFiles }, timings);
  } finally {
    await prepared.removed;
  }
}

/** Needed as soon as make has ended. */
async function getReady(hypervisor: Hypervisor, bytes: Uint8Array, cache: string): Promise<void> {
  if (hypervisor.xen.byName.size > 0) await loadFinish();
  const [{ rememberFacts }, { placesOf }, { findBootChanges }] = await Promise.all([
    import("./kept-facts.ts"),
    import("../running/running-code.ts"),
    import("../guard/boot-changes.ts"),
  ]);
  rememberFacts(hypervisor, bytes, cache);
  const { xen } = hypervisor;
  if (xen.architecture === "x86_64") placesOf(xen).readAll();
  findBootChanges({ image: xen, release: xen.release });
}

/** The second half of the code and the instruction decoder, loaded while make runs. */
async function loadFinish(): Promise<typeof import("./finish.ts").finishFix> {
  const { finishFix } = await import("./finish.ts");
  iced();
  return finishFix;
}
