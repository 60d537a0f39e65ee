import { iced } from "../isa/iced.ts";
import { preparePairs } from "../pairs/prepare-pairs.ts";
import { checkFoundation } from "../running/payload-below.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import { patchesBelow } from "../stacking/patches.ts";
import { Timings } from "../xen-make/timings.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";
import { readHypervisor, startTools } from "./inputs.ts";

/**
 * What cannot be live patched is an outcome, not an error.
 * @throws BuildError, BuilderError, DiffError, ElfError, EmitError; the reason of `signal`
 */
export async function buildFix(options: BuildOptions): Promise<BuiltFix> {
  const { foundation } = options;
  const timings = new Timings();
  // The compiler answers while the hypervisor and the source are read.
  const tools = startTools(options);
  const { xen, hypervisor } = timings.measure("read hypervisor", () => readHypervisor(options));
  checkFoundation(foundation, xen);
  const earlier = patchesBelow(foundation, options.basePatches);
  // From here it is known which source the unpatched side is made from.
  const { architecture } = xen;
  const prepared = await preparePairs({
    ...options,
    earlier,
    architecture,
    tools,
    timings,
    removal: "meanwhile",
    meanwhile: () => void getReady(xen).catch(() => {}), // Told when it is needed.
  });
  try {
    const { finishFix } = await loadFinish();
    return await finishFix(prepared, options, { xen, hypervisor, timings });
  } finally {
    await prepared.removed;
  }
}

/** What is needed when make has ended. */
async function getReady({ byName }: XenSyms): Promise<void> {
  if (byName.size > 0) await loadFinish();
}

/** The second half of the code, which is loaded while make runs, with the decoder of instructions. */
async function loadFinish(): Promise<typeof import("./finish.ts")> {
  const finish = await import("./finish.ts");
  iced();
  return finish;
}
