// The agent as a static program for a lab's dom0, compiled on this machine with any C compiler.

import { readFileSync } from "node:fs";
import { runProcess } from "../parts/run-process.ts";
import { digestOf } from "./digest.ts";
import { LabError } from "./errors.ts";
import { madeOnce } from "./made-once.ts";
import { shareFile } from "./share-file.ts";

const COMPILERS = ["gcc", "cc", "clang"];
const FLAGS = ["-Os", "-static", "-s"];

/** Changes with the agent's source. */
export function agentIdentity(): string {
  return digestOf(readFileSync(shareFile("agent/agent.c")), ...FLAGS);
}

/** @throws LabError lab/build-failed */
export function buildAgent(cache: string, signal?: AbortSignal): Promise<string> {
  return madeOnce(cache, `agent/${agentIdentity()}`, compile, signal);
}

async function compile(path: string): Promise<void> {
  const complaints: string[] = [];
  for (const compiler of COMPILERS) {
    const argv = [compiler, ...FLAGS, "-o", path, shareFile("agent/agent.c")];
    const { exitCode, stderr } = await runProcess(argv);
    if (exitCode === 0) return;
    complaints.push(`${compiler}: ${stderr.trim()}`);
  }
  throw new LabError({
    code: "lab/build-failed",
    problem: "Cannot compile the lab's agent: no C compiler made a static program of it",
    where: complaints.join("\n"),
    remedy: "apt-get install gcc libc6-dev",
  });
}
