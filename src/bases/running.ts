// The hypervisor that a host runs: this dom0, or one over ssh. Which package it came from is asked in the
// host; which build it is, of the hypervisor itself. Where both are of Debian, the same files come from
// Debian's packages.

import type { HostInfo } from "../host/host.ts";
import { systemClock } from "../hosts/clock.ts";
import { startDeadline } from "../hosts/deadline.ts";
import { openHost } from "../hosts/open-host.ts";
import { SshConnection } from "../hosts/ssh/connection.ts";
import { runProcess } from "../parts/run-process.ts";
import { type DebianRelease, debianReleases } from "../parts/xen-parts.ts";
import { listXenVersions } from "../parts/xen-versions.ts";
import { buildIdOfSymbols } from "./agree.ts";
import type { BaseParts, OpenBaseOptions, PartsNeed } from "./base.ts";
import { openDebian } from "./debian.ts";
import { openDirectory } from "./directory.ts";
import { DOM0_FACTS_SCRIPT, type Dom0Facts, readDom0Facts } from "./dom0-facts.ts";
import { BaseError } from "./errors.ts";

const ANSWER_MS = 60_000;

/** What is asked of a host. */
export interface RunningHost {
  /** `this dom0`, `ssh:root@host`. */
  readonly label: string;
  readonly facts: Dom0Facts;
  /** Undefined where no hypervisor answers. */
  readonly info: Pick<HostInfo, "version" | "buildId"> | undefined;
}

/** @throws HostError when it cannot be reached */
export async function askSsh(destination: string, options: OpenBaseOptions): Promise<RunningHost> {
  const { sshCommand = ["ssh"], signal } = options;
  const label = `ssh:${destination}`;
  const call = { deadlineMs: ANSWER_MS, ...(signal && { signal }) };
  await using host = await openHost(label, { ...call, sshCommand });
  const info = await host.info(call);
  const deadline = startDeadline(label, call, systemClock);
  const facts = await deadline.limit("connect", async (limited) => {
    await using connection = await SshConnection.open(
      { destination, command: sshCommand },
      limited,
    );
    const remote = { task: "ask which hypervisor is installed", script: DOM0_FACTS_SCRIPT };
    return readDom0Facts((await connection.run(remote, deadline)).stdout);
  });
  return { label, facts, info };
}

/** A machine that runs no Xen has packages nevertheless. */
export async function askThisMachine({ signal }: OpenBaseOptions): Promise<RunningHost> {
  const { stdout } = await runProcess(["sh", "-c", DOM0_FACTS_SCRIPT], { signal });
  return { label: "this machine", facts: readDom0Facts(stdout), info: await ownInfo(signal) };
}

async function ownInfo(signal: AbortSignal | undefined): Promise<HostInfo | undefined> {
  try {
    await using host = await openHost("local");
    return await host.info({ deadlineMs: ANSWER_MS, ...(signal && { signal }) });
  } catch {
    return undefined; // No dom0, or not root: the packages say enough.
  }
}

/** @throws BaseError base/not-found, base/differs; PartsError */
export async function openRunning(
  host: RunningHost,
  need: PartsNeed,
  options: OpenBaseOptions,
): Promise<BaseParts> {
  const { label, facts, info } = host;
  const own = label === "this machine" ? openLpDevel(host, need) : undefined;
  if (own !== undefined) return own;
  const line = info && `${info.version.major}.${info.version.minor}`;
  const debian = facts.packages.flatMap(({ kind, name, version }) => {
    const release = debianReleases.find(({ xen }) => name === `xen-hypervisor-${xen}-amd64`);
    if (kind !== "deb" || release === undefined) return [];
    return line === undefined || release.xen === line ? [{ release, version }] : [];
  });
  const [installed] = debian;
  if (installed === undefined) throw noPackage(host);
  const running = info?.buildId;
  const version = await versionThatRuns(host, installed, options);
  const parts = await openDebian(version, need, options);
  return running === undefined ? parts : { ...parts, buildId: { hex: running, of: label } };
}

interface InstalledXen {
  readonly release: DebianRelease;
  readonly version: string;
}

/**
 * The one that is installed; another one where its package was updated and the host has not booted since.
 * @throws BaseError base/differs
 */
async function versionThatRuns(
  { label, info }: RunningHost,
  { release, version: installed }: InstalledXen,
  options: OpenBaseOptions,
): Promise<string> {
  const running = info?.buildId;
  if (running === undefined) return installed;
  const isIt = async (version: string): Promise<boolean> => {
    const { xenSyms } = await openDebian(version, "symbols", options);
    return buildIdOfSymbols(xenSyms) === running;
  };
  if (await isIt(installed)) return installed;
  const others = (await listXenVersions(release, options)).filter((one) => one !== installed);
  for (const version of others) if (await isIt(version)) return version;
  throw new BaseError({
    code: "base/differs",
    problem: `Cannot find the hypervisor that ${label} runs: it is no package of Debian's that the mirror has`,
    where: `${label} runs Xen ${versionText(info)} with build-id ${running}; installed is ${installed}`,
    expected: `the build-id of ${[installed, ...others].join(", ")}`,
    remedy:
      "if it was built from other source, give a directory with its source, xen-syms and configuration; a package that the mirror has no more may be on an archive, which XSPLICE_DEBIAN_MIRROR can name",
  });
}

/** Of this machine: the directory of the very build that runs, or the only one. */
function openLpDevel({ facts, info }: RunningHost, need: PartsNeed): BaseParts | undefined {
  const bases = facts.lpDevel.map((folder) => openDirectory(folder, need));
  const running = info?.buildId;
  if (running === undefined) return bases.length === 1 ? bases[0] : undefined;
  const found = bases.find(({ xenSyms }) => buildIdOfSymbols(xenSyms) === running);
  return found && { ...found, buildId: { hex: running, of: "this machine" } };
}

function noPackage({ label, facts, info }: RunningHost): BaseError {
  const { packages, system, lpDevel } = facts;
  const rpm = packages.find(({ kind }) => kind === "rpm");
  const listed = packages.map(({ name, version }) => `${name} ${version}`).join(", ");
  const isVendor = rpm !== undefined || lpDevel.length > 0;
  const running = info === undefined ? "no Xen that answers" : `Xen ${versionText(info)}`;
  return new BaseError({
    code: "base/not-found",
    problem: `Cannot find the hypervisor of ${label} in Debian's packages: ${isVendor ? "it is of another distribution" : "no package of one is installed there"}`,
    where: `${label} is ${system ?? "an unknown system"} with ${running}; installed: ${listed || "none"}`,
    expected: debianReleases
      .map(({ xen }) => `xen-hypervisor-${xen}-amd64`)
      .join(", ")
      .concat(", as Debian has them"),
    remedy: isVendor
      ? "install its package xen-lp-devel where you build, and give the directory: --base /usr/src/xen-VERSION"
      : "give a directory with its source, xen-syms and configuration, or the three by themselves",
  });
}

function versionText(info: RunningHost["info"]): string {
  if (info === undefined) return "unknown";
  const { major, minor, extra } = info.version;
  return `${major}.${minor}${extra}`;
}
