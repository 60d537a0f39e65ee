// A hypervisor that Debian ships, from its packages: fetched without root, verified by the archive's
// signatures, kept in the cache.

import { openCompiler } from "../parts/compiler-program.ts";
import { PartsError } from "../parts/errors.ts";
import { fetchMissing } from "../parts/fetch-missing.ts";
import { inspectParts, requirePart } from "../parts/parts.ts";
import type { PlanOptions } from "../parts/plan.ts";
import { runProcess } from "../parts/run-process.ts";
import { findXenFiles } from "../parts/xen-files.ts";
import { type DebianRelease, debianReleases, xenPartIds } from "../parts/xen-parts.ts";
import { listXenVersions } from "../parts/xen-versions.ts";
import { type BaseParts, baseParts, type OpenBaseOptions, type PartsNeed } from "./base.ts";
import { BaseError } from "./errors.ts";

type DebianOptions = PlanOptions & Pick<OpenBaseOptions, "compiler">;

/**
 * The exact version that is meant: the newest, or the newest that begins with `version`. The mirror is
 * not asked for one that is in the cache.
 * @throws BaseError base/not-found; PartsError
 */
export async function exactVersion(
  release: DebianRelease,
  version: string | undefined,
  options: PlanOptions,
): Promise<string> {
  if (version !== undefined && isCached(version, options)) return version;
  const versions = await listXenVersions(release, options);
  const found = versions.find((one) => version === undefined || isMeant(one, version));
  if (found !== undefined) return found;
  throw new BaseError({
    code: "base/not-found",
    problem: `Cannot use Debian's Xen ${version ?? release.xen}: Debian ${release.number} has no such version`,
    expected: versions.length === 0 ? `a Xen ${release.xen}` : versions.join(", "),
    remedy:
      "name one of these; older ones are only on archives of old packages, one of which XSPLICE_DEBIAN_MIRROR can name",
  });
}

/** "4.17.5" means 4.17.5+72-…, not 4.17.51. */
function isMeant(version: string, beginning: string): boolean {
  if (!version.startsWith(beginning)) return false;
  return version.length === beginning.length || /^[^\w.]/.test(version.slice(beginning.length));
}

function isCached(version: string, options: PlanOptions): boolean {
  const [part] = inspectParts([xenPartIds(version).xen], options);
  return part?.state.kind === "cached";
}

/** @throws BaseError base/incomplete; PartsError */
export async function openDebian(
  version: string,
  need: PartsNeed,
  options: DebianOptions,
): Promise<BaseParts> {
  const ids = xenPartIds(version);
  await fetchMissing([ids.xen], options);
  const isBuilt = need === "build" || need === "settings";
  const source = need === "build" ? await fetchSource(version, options) : undefined;
  const { image, symbols, config } = findXenFiles(rootOf(ids.xen, options));
  if (symbols === undefined) {
    throw new BaseError({
      code: "base/incomplete",
      problem: `Cannot use Debian's Xen ${version}: its packages have no xen-syms`,
      remedy: "name another version",
    });
  }
  return baseParts({
    title: `Debian's Xen ${version}`,
    xenSyms: symbols,
    image,
    config,
    source,
    packageVersion: version,
    compiler: isBuilt ? (options.compiler ?? (await compilerOf(version, options))) : undefined,
  });
}

/**
 * The gcc of its release, which made the hypervisor; undefined where it is this machine's usual one, or cannot
 * be had: then the objects tell whether another one will do.
 */
async function compilerOf(version: string, options: DebianOptions): Promise<string | undefined> {
  const line = /^\d+\.\d+/.exec(version)?.[0];
  const release = debianReleases.find(({ xen }) => xen === line);
  if (release === undefined || process.arch !== "x64") return undefined;
  const { environment = process.env } = options;
  const usual = await runProcess(["gcc", "-dumpversion"], { env: { ...environment } });
  const [major] = usual.stdout.split(".");
  if (release.compiler === `gcc-${major?.trim()}`) return undefined;
  try {
    return await openCompiler(release.compiler, options);
  } catch (error) {
    if (error instanceof PartsError && gone.has(error.report.code)) return undefined;
    throw error;
  }
}

const gone: ReadonlySet<string> = new Set([
  ...["parts/download-failed", "parts/package-unavailable"],
  ...["parts/suite-gone", "parts/suite-unavailable"],
]);

/**
 * The directory. Mirrors keep a package's source for a shorter time than the package, some not at all.
 * @throws BaseError base/incomplete; PartsError
 */
export async function fetchSource(
  version: string,
  options: PlanOptions,
  otherwise = "give the source yourself, by --source beside --base. compile, check and lab up need no source",
): Promise<string> {
  const id = xenPartIds(version).source;
  try {
    await fetchMissing([id], options);
    return rootOf(id, options);
  } catch (cause) {
    if (!(cause instanceof PartsError) || !gone.has(cause.report.code)) throw cause;
    throw new BaseError(
      {
        code: "base/incomplete",
        problem: `Cannot build for Debian's Xen ${version}: its source cannot be had from the mirror`,
        where: cause.message,
        remedy: `set XSPLICE_DEBIAN_MIRROR to a mirror that has it; or ${otherwise}`,
      },
      { cause },
    );
  }
}

function rootOf(id: string, options: PlanOptions): string {
  const state = requirePart(id, options);
  if (state.kind === "cached") return state.root;
  throw new Error(`Bug in xsplice: part ${id} has no files of its own`);
}
