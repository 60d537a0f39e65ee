// The keys that Debian's archive is signed with. A Debian machine has them; elsewhere the machine's
// own apt brings the package that holds them, verified by the keys of that distribution.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PartsError } from "./errors.ts";
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
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, "keyring-"));
  try {
    await downloadFromMachineSources(scratch, signal);
    const file = readdirSync(scratch).find((name) => name.endsWith(".deb"));
    if (file === undefined) throw noKeyring("apt-get download brought no file");
    await unpackPackage(join(scratch, file), join(scratch, "root"), []);
    rmSync(fetched, { recursive: true, force: true });
    renameSync(join(scratch, "root"), fetched);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return join(fetched, KEYRING);
}

/** Own state and cache folders, the machine's own sources: works without root. */
async function downloadFromMachineSources(
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const state = join(scratch, "apt");
  mkdirSync(join(state, "lists/partial"), { recursive: true });
  mkdirSync(join(state, "archives/partial"), { recursive: true });
  writeFileSync(join(state, "status"), "");
  const own = [
    ...["-qq", "-o", `Dir::State=${state}`, "-o", `Dir::State::status=${join(state, "status")}`],
    ...["-o", `Dir::Cache=${state}`, "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="],
    ...["-o", "Acquire::Languages=none"],
  ];
  for (const command of [["update"], ["download", PACKAGE]]) {
    const result = await runProcess(["apt-get", ...own, ...command], { cwd: scratch, signal });
    if (result.exitCode !== 0) throw noKeyring(result.stderr.trim());
  }
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
