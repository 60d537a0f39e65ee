// What a fetch would download: exact packages and sizes, from the mirror's lists.

import { type AptSuite, findClosure, findPackages, forgetParsedLists } from "./apt-suite.ts";
import { cacheFolder, requireCacheFolder } from "./cache-folder.ts";
import { PartsError } from "./errors.ts";
import { withLock } from "./lock.ts";
import { suiteOpener } from "./open-suite.ts";
import type { PackageFile } from "./package-file.ts";
import type { PartDefinition } from "./part-definition.ts";
import { inspectParts, type Part, type PartsOptions } from "./parts.ts";
import type { FetchOptions } from "./progress.ts";

export interface PlannedPart {
  readonly definition: PartDefinition;
  readonly apt: AptSuite;
  readonly files: readonly PackageFile[];
  readonly downloadBytes: number;
}

export interface PartsPlan {
  readonly cache: string;
  /** Cached or provided by the machine: nothing to do. */
  readonly ready: readonly Part[];
  readonly toFetch: readonly PlannedPart[];
  /** Not available now; the others are. */
  readonly unavailable: readonly {
    readonly definition: PartDefinition;
    readonly reason: PartsError;
  }[];
  readonly downloadBytes: number;
}

export interface PlanOptions extends PartsOptions, FetchOptions {}

/**
 * Connects to the mirror only if something is missing.
 * @throws PartsError parts/no-cache; the reason of `signal`
 */
export async function planParts(
  ids: readonly string[],
  options: PlanOptions = {},
): Promise<PartsPlan> {
  const { environment = process.env, signal } = options;
  const cache = options.cache ?? cacheFolder(environment);
  const parts = inspectParts(withUnpackers(ids, options), options);
  const missing = parts.filter(({ state }) => state.kind === "missing");
  const toFetch: PlannedPart[] = [];
  const unavailable: PartsPlan["unavailable"][number][] = [];
  if (missing.length > 0) {
    requireCacheFolder(cache);
    const planUnderLock = async (): Promise<void> => {
      const open = suiteOpener(cache, options);
      for (const { definition } of missing) {
        const { unpackedBy = [] } = definition;
        const lacking = unavailable.find((other) => unpackedBy.includes(other.definition.id));
        if (lacking !== undefined) {
          unavailable.push({ definition, reason: lacking.reason });
          continue;
        }
        try {
          toFetch.push(await planPart(definition, await open(definition), signal));
        } catch (reason) {
          if (!(reason instanceof PartsError)) throw reason;
          unavailable.push({ definition, reason });
        }
      }
      for (const { apt } of toFetch) forgetParsedLists(apt);
    };
    await withLock(cache, "apt", planUnderLock, signal);
  }
  return {
    cache,
    ready: parts.filter(({ state }) => state.kind !== "missing"),
    toFetch,
    unavailable,
    downloadBytes: toFetch.reduce((sum, { downloadBytes }) => sum + downloadBytes, 0),
  };
}

/** Before each missing part, the parts that are needed to unpack it. */
function withUnpackers(ids: readonly string[], options: PlanOptions): readonly string[] {
  const all = inspectParts(ids, options).flatMap(({ definition: { id, unpackedBy }, state }) =>
    state.kind === "missing" ? [...(unpackedBy ?? []), id] : [id],
  );
  return [...new Set(all)];
}

async function planPart(
  definition: PartDefinition,
  apt: AptSuite,
  signal: AbortSignal | undefined,
): Promise<PlannedPart> {
  const files = await findPackages(apt, await packagesOf(definition, apt, signal), signal);
  const downloadBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { definition, apt, files, downloadBytes };
}

async function packagesOf(
  { packages, dependencies }: PartDefinition,
  apt: AptSuite,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (dependencies === undefined) return packages;
  const names = new Set(packages.map(nameOf));
  const closure = await findClosure(apt, packages, signal);
  return closure.filter((entry) => names.has(nameOf(entry)) || dependencies.test(nameOf(entry)));
}

function nameOf(entry: string): string {
  return entry.replace(/=.*/, "");
}
