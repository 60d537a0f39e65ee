// The keys that sign Debian's archive. A Debian machine has them; elsewhere the machine's own apt
// downloads the package that contains them, verified by the keys of that distribution.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeWhole } from "../files/make-whole.ts";
import { aptEnvironment } from "./apt-environment.ts";
import { PartsError } from "./errors.ts";
import { parseUris, requireGenuine } from "./package-file.ts";
import type { FetchOptions } from "./progress.ts";
import { runProcess } from "./run-process.ts";
import { unpackPackage } from "./unpack.ts";

const KEYRING = "usr/share/keyrings/debian-archive-keyring.gpg";
const PACKAGE = "debian-archive-keyring";

/**
 * Path of Debian's archive keyring, fetched into `cache` where the machine has none.
 * @throws PartsError parts/no-keyring; the reason of `signal`
 */
export async function requireKeyring(
  cache: string,
  { onProgress = () => {}, signal }: FetchOptions,
  machineRoot = "/",
): Promise<string> {
  const fetched = join(cache, "keyring");
  for (const root of [machineRoot, fetched]) {
    const path = join(root, KEYRING);
    if (existsSync(path)) return path;
  }
  onProgress({
    kind: "note",
    text: `fetching ${PACKAGE} with this machine's own apt, to verify Debian's packages`,
  });
  await makeWhole(fetched, async (root) => {
    const scratch = `${root}.apt`;
    const file = await downloadFromMachineSources(scratch, signal);
    await unpackPackage(join(scratch, file), root, [], signal);
  });
  return join(fetched, KEYRING);
}

/**
 * Separate state and cache directories with the machine's own sources: works without root. The machine
 * decides whose signatures it trusts; we require that they are verified. Returns the name of the
 * package's file.
 */
async function downloadFromMachineSources(
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const state = join(scratch, "apt");
  mkdirSync(join(state, "lists/partial"), { recursive: true });
  mkdirSync(join(state, "archives/partial"), { recursive: true });
  writeFileSync(join(state, "status"), "");
  const own = [
    ...["-qq", "-o", `Dir::State=${state}`, "-o", `Dir::State::status=${join(state, "status")}`],
    ...["-o", `Dir::Cache=${state}`, "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="],
    ...["-o", "Acquire::Languages=none"],
  ];
  const env = await aptEnvironment(scratch, signal);
  const run = async (...command: readonly string[]): Promise<string> => {
    const result = await runProcess(["apt-get", ...own, ...command], { cwd: scratch, env, signal });
    if (result.exitCode !== 0) throw noKeyring(result.stderr.trim());
    return result.stdout;
  };
  await run("update");
  const files = parseUris(await run("download", "--print-uris", PACKAGE));
  const [file] = files;
  if (file === undefined) throw noKeyring("apt-get download names no file");
  await run("download", PACKAGE);
  requireGenuine(files, scratch);
  return file.fileName;
}

function noKeyring(where: string): PartsError {
  return new PartsError({
    code: "parts/no-keyring",
    problem: "Cannot verify Debian's packages: this machine has no Debian archive keyring",
    where,
    expected: `/${KEYRING}`,
    remedy: `install the package ${PACKAGE} (on Ubuntu it is in the component universe)`,
  });
}
