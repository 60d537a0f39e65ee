// apt with a separate configuration for one Debian suite: own sources, lists and cache, independent of
// the machine's installed packages, without root. apt itself verifies downloads, from the archive's
// signature down to each package's hash, which we compare once more.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DebianMirror } from "./apt-mirror.ts";
import { PartsError } from "./errors.ts";
import { forgetLists, stampLists, stateOfLists } from "./kept-lists.ts";
import { type PackageFile, parseUris, requireGenuine, splitFileName } from "./package-file.ts";
import type { FetchOptions } from "./progress.ts";
import { type RunResult, runProcess } from "./run-process.ts";

export type Suite = "bullseye" | "bookworm" | "trixie";

/** Of Debian: compiled, or the source that it was compiled from. */
export type PackageForm = "binary" | "source";

/** Debian's names. */
export type PackageArchitecture = "amd64" | "arm64";

export interface AptSuite {
  readonly suite: Suite;
  readonly form: PackageForm;
  readonly architecture: PackageArchitecture;
  /** Holds sources.list, lists. */
  readonly folder: string;
  readonly mirror: DebianMirror;
  readonly keyring: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** apt's own cache of the lists: 37 MB, useful for calls that follow each other quickly. */
const PARSED_LISTS = "pkgcache.bin";

export function forgetParsedLists({ folder }: Pick<AptSuite, "folder">): void {
  rmSync(join(folder, PARSED_LISTS), { force: true });
}

/**
 * Updates the lists of a suite's packages if they are older than some hours.
 * @throws PartsError parts/suite-gone, parts/suite-unavailable; the reason of the signal
 */
export async function updateSuite(
  apt: AptSuite,
  { onProgress = () => {}, signal }: FetchOptions,
): Promise<void> {
  const sources = sourcesOf(apt, apt.mirror.security);
  const kept = stateOfLists(apt.folder, sources);
  if (kept === "fresh") return;
  if (kept === "unusable") forgetLists(apt.folder);
  writeConfiguration(apt, sources);
  onProgress({
    kind: "note",
    text: `asking the mirror for the package lists of Debian ${apt.suite} (about 9 MB)`,
  });
  let result = await runApt(apt, ["update"], { signal });
  if (result.exitCode !== 0 && apt.mirror.security !== undefined) {
    // Some mirrors lack the security archive; all pinned packages are in the main one.
    writeConfiguration(apt, sourcesOf(apt, undefined));
    const withoutSecurity = await runApt(apt, ["update"], { signal });
    if (withoutSecurity.exitCode === 0) result = withoutSecurity;
  }
  if (result.exitCode !== 0) throw suiteUnavailable(apt, result);
  stampLists(apt.folder, sources);
}

const DOWNLOAD: Readonly<Record<PackageForm, readonly string[]>> = {
  binary: ["download"],
  source: ["source", "--only-source", "--download-only"],
};

/**
 * The files of only these packages; each entry is NAME or NAME=VERSION.
 * @throws PartsError parts/package-unavailable
 */
export async function findPackages(
  apt: AptSuite,
  packages: readonly string[],
  signal?: AbortSignal,
): Promise<PackageFile[]> {
  const command = [...DOWNLOAD[apt.form], "--print-uris", ...packages];
  const result = await runApt(apt, command, { signal });
  if (result.exitCode !== 0) throw packageUnavailable(apt, packages, result);
  const files = parseUris(result.stdout);
  if (apt.form === "binary") return files;
  // Not all files of a source package have its version in their name.
  const [name = "", version = ""] = packages[0]?.split("=") ?? [];
  return files.map((file) => ({ ...file, name, version }));
}

/**
 * These packages and all their dependencies, down to libc, each as NAME=VERSION.
 * @throws PartsError parts/package-unavailable
 */
export async function findClosure(
  apt: AptSuite,
  packages: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const flags = ["--print-uris", "--no-install-recommends", "--assume-yes"];
  const result = await runApt(apt, ["install", ...flags, ...packages], { signal });
  if (result.exitCode !== 0) throw packageUnavailable(apt, packages, result);
  const fileNames = [...result.stdout.matchAll(/^'\S+' (\S+\.deb) /gm)];
  return fileNames.map(([, fileName = ""]) => {
    const { name, version } = splitFileName(fileName);
    return `${name}=${version}`;
  });
}

/**
 * The versions of a package that the suite and its security updates have, newest first; none when
 * there is no such package.
 * @throws PartsError parts/package-unavailable
 */
export async function findVersions(
  apt: AptSuite,
  name: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const result = await runApt(apt, ["madison", name], { program: "apt-cache", signal });
  if (result.exitCode !== 0) throw packageUnavailable(apt, [name], result);
  const versions = [...result.stdout.matchAll(/^ *\S+ \| +(\S+) +\|/gm)];
  return [...new Set(versions.map(([, version = ""]) => version))];
}

/**
 * Downloads into `folder`, under the names in PackageFile.
 * @throws PartsError parts/download-failed
 */
export async function downloadPackages(
  apt: AptSuite,
  files: readonly PackageFile[],
  folder: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const wanted = [...new Set(files.map(({ name, version }) => `${name}=${version}`))];
  const result = await runApt(apt, [...DOWNLOAD[apt.form], ...wanted], { cwd: folder, ...options });
  if (result.exitCode === 0) return requireGenuine(files, folder);
  // The lists may be older than the mirror: the next attempt updates them.
  forgetLists(apt.folder);
  throw new PartsError({
    code: "parts/download-failed",
    problem: `Cannot download packages of Debian ${apt.suite}: apt-get ended with ${result.exitCode ?? "a signal"}`,
    where: result.stderr.trim(),
    remedy: "check the connection to the mirror, then try again; what was fetched before stays",
  });
}

function sourcesOf(apt: AptSuite, security: string | undefined): string {
  const { suite, form, mirror, keyring } = apt;
  const type = form === "source" ? "deb-src" : "deb";
  const line = (uri: string, name: string) =>
    `${type} [signed-by=${keyring}] ${uri} ${name} main\n`;
  return (
    line(mirror.main, suite) + (security === undefined ? "" : line(security, `${suite}-security`))
  );
}

function writeConfiguration({ folder }: AptSuite, sources: string): void {
  for (const name of ["lists/partial", "archives/partial"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, "status"), "");
  writeFileSync(join(folder, "sources.list"), sources);
}

function runApt(
  { folder, environment, architecture }: AptSuite,
  command: readonly string[],
  {
    program = "apt-get",
    ...options
  }: {
    readonly program?: "apt-get" | "apt-cache";
    readonly cwd?: string;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<RunResult> {
  const settings = {
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "Dir::State": folder,
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": folder,
    // Container images disable these; then each call would read all lists again.
    "Dir::Cache::pkgcache": join(folder, PARSED_LISTS),
    "Dir::Cache::srcpkgcache": "",
    "Debug::NoLocking": "1",
    "APT::Sandbox::User": "",
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    "APT::Update::Error-Mode": "any",
    "Acquire::Languages": "none",
    "Acquire::Retries": "2",
    "Acquire::http::Timeout": "30",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return runProcess([program, "-qq", ...flags, ...command], { ...options, env: environment });
}

function suiteUnavailable({ suite, mirror }: AptSuite, result: RunResult): PartsError {
  const gone = /404|does not have a Release file/.test(result.stderr);
  return new PartsError({
    code: gone ? "parts/suite-gone" : "parts/suite-unavailable",
    problem: gone
      ? `Cannot use Debian ${suite}: it is not on the mirror (any more)`
      : `Cannot use Debian ${suite}: its package lists could not be fetched`,
    where: `${mirror.main}, from ${mirror.origin}\n${result.stderr.trim()}`,
    remedy: gone
      ? "set XSPLICE_DEBIAN_MIRROR to a mirror that still has it, such as an archive of old releases"
      : "check the connection, then try again",
  });
}

function packageUnavailable(
  { suite, mirror }: AptSuite,
  packages: readonly string[],
  result: RunResult,
): PartsError {
  return new PartsError({
    code: "parts/package-unavailable",
    problem: `Cannot find packages of Debian ${suite}: ${packages.join(" ")}`,
    where: `${mirror.main}, from ${mirror.origin}\n${result.stderr.trim()}`,
    remedy: "set XSPLICE_DEBIAN_MIRROR to a mirror that has these versions",
  });
}
