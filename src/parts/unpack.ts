// Extracts files from Debian packages, without root and without running any of their scripts.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PartsError } from "./errors.ts";
import { runProcess } from "./run-process.ts";

/**
 * Unpacks a package into `root`; with `members`, only what these tar wildcards name (as
 * `./boot/vmlinuz*`).
 * @throws PartsError parts/unpack-failed; the reason of `signal`
 */
export async function unpackPackage(
  packageFile: string,
  root: string,
  members: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  mkdirSync(root, { recursive: true });
  const archive = spawn("dpkg-deb", ["--fsys-tarfile", packageFile], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const extract = spawn(
    "tar",
    [
      ...["-x", "-f", "-", "-C", root, "--no-same-owner", "--exclude=./usr/share/doc/*"],
      ...["--exclude=./usr/share/man/*", "--exclude=./usr/share/locale/*"],
      ...(members.length > 0 ? ["--wildcards", ...members] : []),
    ],
    { stdio: [archive.stdout, "ignore", "pipe"], env: { ...process.env, LC_ALL: "C" } },
  );
  const stop = (): void => {
    for (const child of [archive, extract]) child.kill("SIGKILL");
  };
  signal?.addEventListener("abort", stop, { once: true });
  archive.stdout.destroy(); // The copy that tar inherited is the one that counts.
  const complaints = await Promise.all([outcome("dpkg-deb", archive), outcome("tar", extract)]);
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
  const complaint = complaints.join("");
  // A package may lack some of the wanted members: parts list members for all their packages.
  if (complaint === "" || /^(tar: .*Not found in archive\n|tar: Exiting.*\n)+$/.test(complaint))
    return;
  throw new PartsError({
    code: "parts/unpack-failed",
    problem: `Cannot unpack package "${packageFile}": ${complaint.trim()}`,
    remedy: "free some disk space if it ran out, and try again",
  });
}

/**
 * Unpacks a source package of format "3.0 (quilt)": the original, then Debian's directory, then the
 * patches that it names. `environment` is that of tar, which calls xz, and of patch.
 * @throws PartsError parts/unpack-failed
 */
export async function unpackSource(
  files: readonly string[],
  root: string,
  environment: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<void> {
  mkdirSync(root, { recursive: true });
  const run = async (...argv: string[]): Promise<void> => {
    const { exitCode, stderr } = await runProcess(argv, { cwd: root, env: environment, signal });
    if (exitCode === 0) return;
    throw new PartsError({
      code: "parts/unpack-failed",
      problem: `Cannot unpack a source package: "${argv.join(" ")}" failed`,
      where: stderr.trim(),
      remedy: "free some disk space if it ran out, and try again",
    });
  };
  for (const path of files.filter((name) => /\.orig\.tar\.\w+$/.test(name))) {
    await run("tar", "-xf", path, "--strip-components=1", "--no-same-owner");
  }
  for (const path of files.filter((name) => /\.debian\.tar\.\w+$/.test(name))) {
    await run("tar", "-xf", path, "--no-same-owner");
  }
  const patches = join(root, "debian/patches");
  const series = readFileSync(join(patches, "series"), "utf8").split("\n");
  for (const name of series.filter((line) => line !== "" && !line.startsWith("#"))) {
    const quiet = ["--silent", "--force", "--no-backup-if-mismatch"];
    await run("patch", "-p1", ...quiet, "-i", join(patches, name));
  }
}

function outcome(name: string, child: ReturnType<typeof spawn>): Promise<string> {
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`${name}: ${error.message}\n`));
    child.once("close", (code) => {
      if (code === 0) resolve("");
      else resolve(complaint === "" ? `${name} ended with ${code}\n` : complaint);
    });
  });
}
