// Finds Debian's mirror in the machine's own apt configuration, by running apt: so one-line and deb822
// sources, included files and options are read as apt reads them.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./cache-folder.ts";
import { PartsError } from "./errors.ts";
import { runProcess } from "./run-process.ts";

export interface DebianMirror {
  /** Contains `dists/SUITE`. */
  readonly main: string;
  /** Contains `dists/SUITE-security`; `undefined` if none is known. */
  readonly security: string | undefined;
  /** For messages: where this was found. */
  readonly origin: string;
}

const MIRROR_VARIABLE = "XSPLICE_DEBIAN_MIRROR";
const CODE_NAME = /^(buster|bullseye|bookworm|trixie|forky|duke|sid)$/;
/** Other archives use these suites too; a Debian mirror is recognised by its path. */
const MOVING_NAME = /^(stable|oldstable|oldoldstable|testing|unstable)$/;
const SECURITY_NAME = /^(\w+-security|\w+\/updates)$/;

/** In the form of a line of sources.list. */
const MIRROR_ADDRESS = /^[a-z][a-z+]*:\/[^\s[\]]+$/;

/** @throws PartsError parts/no-apt, parts/no-mirror; the reason of `signal` */
export async function findDebianMirror(
  scratch: string,
  environment: Environment = process.env,
  signal?: AbortSignal,
): Promise<DebianMirror> {
  const override = environment[MIRROR_VARIABLE]?.replace(/\/+$/, "");
  if (override) {
    if (!MIRROR_ADDRESS.test(override)) throw notAnAddress(override);
    return { main: override, security: `${override}-security`, origin: MIRROR_VARIABLE };
  }
  const found = mirrorFromUris(await configuredUris(scratch, signal));
  if (found) return found;
  throw new PartsError({
    code: "parts/no-mirror",
    problem: "Cannot find a Debian mirror: this machine's apt is set up for none",
    expected: "an apt source with a Debian suite, or a variable that names a mirror",
    remedy: `set ${MIRROR_VARIABLE} to the address of a Debian mirror, the one with the directory dists/bookworm; this is always needed on Ubuntu`,
  });
}

function notAnAddress(text: string): PartsError {
  return new PartsError({
    code: "parts/no-mirror",
    problem: `Cannot use "${text}" as a Debian mirror: it is not an address`,
    where: MIRROR_VARIABLE,
    expected: "an address without spaces, such as http://HOST/debian",
    remedy: "give the directory of the mirror that contains dists/bookworm",
  });
}

/** Reads what `apt-get update --print-uris` would fetch: 'MIRROR/dists/SUITE/InRelease' NAME … */
export function mirrorFromUris(listing: string): DebianMirror | undefined {
  const releases = [...listing.matchAll(/^'(\S+?)\/dists\/(\S+)\/InRelease'/gm)].map(
    ([, mirror = "", suite = ""]) => ({ mirror: decodeURI(mirror), suite }),
  );
  const candidates = releases.filter(
    ({ mirror, suite }) =>
      CODE_NAME.test(suite) || (MOVING_NAME.test(suite) && mirror.endsWith("/debian")),
  );
  // Others also name their suites after Debian's; only Debian has SUITE-updates as well.
  const hasUpdates = (candidate: { mirror: string; suite: string }) =>
    releases.some(
      ({ mirror, suite }) => mirror === candidate.mirror && suite === `${candidate.suite}-updates`,
    );
  const main = (candidates.find(hasUpdates) ?? candidates[0])?.mirror;
  if (main === undefined) return undefined;
  const security = releases.find(({ suite }) => SECURITY_NAME.test(suite))?.mirror;
  return { main, security, origin: "this machine's apt sources" };
}

async function configuredUris(scratch: string, signal: AbortSignal | undefined): Promise<string> {
  // With empty lists apt prints every release file that it would download.
  const state = join(scratch, "machine-sources");
  mkdirSync(join(state, "lists/partial"), { recursive: true });
  writeFileSync(join(state, "status"), "");
  const argv = [
    "apt-get",
    ...["-o", `Dir::State=${state}`, "-o", `Dir::State::status=${join(state, "status")}`],
    ...["-o", `Dir::Cache=${state}`, "-o", "Debug::NoLocking=1"],
    ...["update", "--print-uris"],
  ];
  const listing = await runProcess(argv, { signal });
  rmSync(state, { recursive: true, force: true });
  if (listing.exitCode !== undefined) return listing.stdout;
  throw new PartsError({
    code: "parts/no-apt",
    problem: "Cannot get parts from Debian's packages: apt-get cannot be run here",
    where: listing.stderr.trim(),
    expected: "Debian or Ubuntu, where apt-get, dpkg-deb and tar are always there",
    remedy: "run in a Debian container, or give the lab a hypervisor and QEMU of your own",
  });
}
