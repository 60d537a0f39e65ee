// From wishes to a running lab that this process owns: restored from a snapshot, which is made
// first where there is none.

import type { FileLock } from "../files/lock.ts";
import { cacheFolder } from "../parts/cache-folder.ts";
import { useCache, withLock } from "../parts/lock.ts";
import type { OnProgress } from "../parts/progress.ts";
import { coldBoot, type RunningMachine, restore } from "./boot.ts";
import { LabError } from "./errors.ts";
import { Lab } from "./lab.ts";
import { chooseName, writeLabFile } from "./lab-file.ts";
import { type LabInfo, labelOf } from "./lab-info.ts";
import { kindOf, type LabOptions, recipeOf } from "./lab-options.ts";
import { findSnapshot, removeSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { type LabRecipe, type LabSources, partsOf, prepareSources } from "./sources.ts";

export interface OpenLabOptions extends LabOptions {
  /** A name for a lab that others shall find; made up without it. */
  readonly name?: string;
  /** Its default is the XDG cache directory of xSplice. */
  readonly cache?: string;
  /** A cold boot keeps nothing and takes some 8 s; for measurements and for tests of booting. */
  readonly start?: "snapshot" | "cold-boot";
  /** When dom0's agent has been silent for so long, the lab counts as crashed; 30 s without it. */
  readonly hangAfterMs?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Ids of the parts that such a lab needs, for planParts(): to say what would be downloaded. */
export function partsForLab(options: LabOptions = {}): string[] {
  return partsOf(recipeOf(options));
}

/**
 * Starts a lab that ends with this process, or when it is closed.
 * @throws LabError, PartsError; the reason of `signal`
 */
export async function openLab(options: OpenLabOptions = {}): Promise<Lab> {
  const { info, running } = await startLab(options, "owned");
  const { seated, agent, supervised } = running;
  const { hangAfterMs } = options;
  return new Lab({ info, seated, agent, stop: () => supervised.stop(), hangAfterMs });
}

/** Makes sure that labs with these options start quickly; true when there was work to do. */
export async function prepareLab(options: OpenLabOptions = {}): Promise<boolean> {
  const context = contextOf(options);
  using _used = await useCache(context.cache, context.signal);
  const { recipe, sources } = await prepare(options, context);
  if (findSnapshot(context.cache, kindOf(recipe), sources)) return false;
  await snapshotOf(recipe, sources, context);
  return true;
}

export interface StartedLab {
  readonly info: LabInfo;
  readonly running: RunningMachine;
}

/** It is this process's own in either case; a "detached" one is so until it is let go. */
export async function startLab(
  options: OpenLabOptions,
  lifetime: "owned" | "detached",
): Promise<StartedLab> {
  const name = chooseName(options.name);
  const context = contextOf(options);
  using cacheLock = await useCache(context.cache, context.signal);
  const { recipe, sources } = await prepare(options, context);
  const startedFrom = options.start ?? "snapshot";
  const label = labelOf({ name, xen: recipe.hypervisor.name });
  const boot = { label, ...(context.signal && { signal: context.signal }) };
  const { qemu, machine, files } = sources;
  const running =
    startedFrom === "cold-boot"
      ? await coldBoot(
          {
            qemu,
            machine,
            memory: "anonymous",
            files: { ...files, memory: undefined, bootConsole: undefined },
            cacheLock,
          },
          boot,
        )
      : await restoreOrRetake(recipe, sources, { ...context, cacheLock }, label);
  const nameless = {
    xen: recipe.hypervisor.name,
    packageVersion: sources.hypervisorFiles.packageVersion,
    symbols: sources.hypervisorFiles.symbols,
    cpus: machine.cpus,
    memoryMb: machine.memoryMb,
    userland: recipe.userland,
    startedFrom,
    folder: running.supervised.folder,
  };
  try {
    // Chosen again: another lab may have come up meanwhile, and taken the name.
    const info = await withLock(context.cache, "lab-names", async () => {
      const named: LabInfo = { name: chooseName(options.name), ...nameless };
      writeLabFile(named, lifetime);
      return named;
    });
    return { info, running };
  } catch (error) {
    running.seated.qmp.close();
    running.seated.seat.release();
    await running.supervised.stop();
    throw error;
  }
}

interface Context {
  readonly cache: string;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

function contextOf(options: OpenLabOptions): Context {
  const { cache = cacheFolder(), onProgress = () => undefined, signal } = options;
  return { cache, onProgress, signal };
}

async function prepare(
  options: OpenLabOptions,
  context: Context,
): Promise<{ recipe: LabRecipe; sources: LabSources }> {
  const recipe = recipeOf(options);
  return { recipe, sources: await prepareSources(recipe, context) };
}

async function snapshotOf(
  recipe: LabRecipe,
  sources: LabSources,
  { cache, onProgress, signal }: Context,
): Promise<Snapshot> {
  const kind = kindOf(recipe);
  const known = findSnapshot(cache, kind, sources);
  if (known) return known;
  const { name } = recipe.hypervisor;
  onProgress({ kind: "note", text: `booting Xen ${name} once, to keep a snapshot of it` });
  return await takeSnapshot(cache, kind, sources, { label: `lab (Xen ${name})`, signal });
}

/** A snapshot that does not come up, spoilt by a full disk perhaps, is taken again, once. */
async function restoreOrRetake(
  recipe: LabRecipe,
  sources: LabSources,
  context: Context & { readonly cacheLock: FileLock },
  label: string,
): Promise<RunningMachine> {
  const attempt = async (snapshot: Snapshot): Promise<RunningMachine> => {
    const { qemu, machine, files } = sources;
    return await restore(
      {
        qemu,
        machine,
        memory: "private-file",
        files: { ...files, memory: snapshot.memory, bootConsole: snapshot.console },
        cacheLock: context.cacheLock,
      },
      snapshot.state,
      { label, signal: context.signal },
    );
  };
  const snapshot = await snapshotOf(recipe, sources, context);
  try {
    return await attempt(snapshot);
  } catch (error) {
    context.signal?.throwIfAborted();
    // What this machine lacks, the next attempt would lack too.
    if (error instanceof LabError && error.report.code === "lab/build-failed") throw error;
    context.onProgress({ kind: "note", text: "the snapshot does not start; taking it again" });
    removeSnapshot(snapshot);
    return await attempt(await snapshotOf(recipe, sources, context));
  }
}
