// The agent as a static program for a lab's dom0, compiled on this machine with any C compiler.

import { readFileSync } from "node:fs";
import { pathWithParts } from "../parts/programs.ts";
import { runProcess } from "../parts/run-process.ts";
import { digestOf } from "./digest.ts";
import { LabError } from "./errors.ts";
import { madeOnce } from "./made-once.ts";
import { shareFile } from "./share-file.ts";
import type { LabArchitecture } from "./start/board.ts";

const COMPILERS: Readonly<Record<LabArchitecture, readonly string[]>> = {
  x86_64: ["gcc", "cc", "clang"],
  arm64: ["aarch64-linux-gnu-gcc"],
};
/** With the compiler of arm64, where the machine has none. */
export const CROSS_COMPILER_PART = "gcc-arm64";
const FLAGS = ["-Os", "-static", "-s"];

/** Changes with the agent's source. */
export function agentIdentity(architecture: LabArchitecture): string {
  const foreign = architecture === "x86_64" ? [] : [architecture];
  return digestOf(readFileSync(shareFile("agent/agent.c")), ...FLAGS, ...foreign);
}

/** @throws LabError lab/build-failed */
export function buildAgent(
  cache: string,
  architecture: LabArchitecture,
  signal?: AbortSignal,
): Promise<string> {
  const make = (path: string) => compile(path, architecture, cache);
  return madeOnce(cache, `agent/${agentIdentity(architecture)}`, make, signal);
}

async function compile(path: string, architecture: LabArchitecture, cache: string): Promise<void> {
  const complaints: string[] = [];
  const parts = architecture === "arm64" ? [CROSS_COMPILER_PART] : [];
  const env = { ...process.env, PATH: pathWithParts(parts, { cache }) };
  for (const compiler of COMPILERS[architecture]) {
    const argv = [compiler, ...FLAGS, "-o", path, shareFile("agent/agent.c")];
    const { exitCode, stderr } = await runProcess(argv, { env });
    if (exitCode === 0) return;
    complaints.push(`${compiler}: ${stderr.trim()}`);
  }
  throw new LabError({
    code: "lab/build-failed",
    problem: "Cannot compile the lab's agent: no C compiler made a static program of it",
    where: complaints.join("\n"),
    remedy:
      architecture === "arm64"
        ? "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
        : "apt-get install gcc libc6-dev",
  });
}
