// Asks `xsplice build` as a user would, in a process of its own, and reads its answer.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BuildReport } from "../../src/builder/report.ts";
import type { CheckReport } from "../../src/check/check.ts";
import { runProcess } from "../../src/parts/run-process.ts";
import type { ScoredBase } from "./base.ts";
import type { Answer } from "./result.ts";
import { withoutFolders } from "./without-folders.ts";

const command = fileURLToPath(new URL("../../bundle/cli/main.js", import.meta.url));

const EXIT = { built: 0, refused: 2, unchanged: 3, interrupted: 130 } as const;
const WHY_LENGTH_MAX = 400;

export interface BuildRequest {
  readonly base: ScoredBase;
  /** Texts of patches, in order. */
  readonly patches: readonly { readonly name: string; readonly text: string }[];
  /** Where the payload is to lie; the patches lie beside it meanwhile. */
  readonly output: string;
  readonly options: readonly string[];
  readonly jobs: number;
  readonly signal: AbortSignal;
}

export interface BuildAnswer {
  readonly answer: Answer;
  readonly seconds: number;
}

/** @throws the reason of `signal` */
export async function askBuild(request: BuildRequest): Promise<BuildAnswer> {
  const { base, output, patches, jobs, signal } = request;
  const files = patches.map(({ name, text }) => ({ path: `${output}.${name}.patch`, text }));
  for (const { path, text } of files) writeFileSync(path, text, "latin1");
  const startedAt = performance.now();
  try {
    const { exitCode, stdout, stderr } = await runXsplice(
      [
        "build",
        ...["--source", base.source, "--xen-syms", base.xenSyms, "--config", base.config],
        ...files.flatMap(({ path }) => ["--patch", path]),
        ...["--output", output, "--jobs", String(jobs), "--json"],
        ...request.options,
      ],
      signal,
    );
    const seconds = (performance.now() - startedAt) / 1000;
    return { answer: answerOf(exitCode, stdout, stderr), seconds };
  } finally {
    for (const { path } of files) rmSync(path, { force: true });
    rmSync(`${output}.json`, { force: true });
  }
}

/** What `xsplice check` says to the last of the payloads, on top of the others. */
export async function askCheck(
  base: ScoredBase,
  payloads: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const args = ["check", "--xen-syms", base.xenSyms, ...payloads, "--json"];
  const { exitCode, stdout } = await runXsplice(args, signal);
  if (exitCode === EXIT.built) return "clean";
  const printed: unknown = stdout.trim() === "" ? {} : JSON.parse(stdout);
  const { outcome = `exit code ${exitCode}`, payloads: checked = [] } =
    printed as Partial<CheckReport>;
  const last = checked.at(-1)?.hazards ?? [];
  const rules = last.filter(({ severity }) => severity === "hazard").map(({ rule }) => rule);
  return rules.length === 0 ? outcome : `${outcome}: ${[...new Set(rules)].join(", ")}`;
}

async function runXsplice(args: readonly string[], signal: AbortSignal) {
  const argv = [process.execPath, "--enable-source-maps", command, ...args];
  const result = await runProcess(argv, { env: process.env, signal });
  signal.throwIfAborted();
  return result;
}

function answerOf(exitCode: number | undefined, stdout: string, stderr: string): Answer {
  const printed: unknown = stdout.trim() === "" ? {} : JSON.parse(stdout);
  const { error } = printed as {
    readonly error?: { readonly code: string; readonly problem: string; readonly where?: string };
  };
  if (error !== undefined) {
    const { code, problem, where = "" } = error;
    const isAlone = !/^build\/(patch-does-not-apply|compile-failed)$/.test(code);
    if (isAlone) return { kind: "error", code, problem: cut(problem) };
    return { kind: "not-alone", why: cut(`${problem}: ${where.split("\n")[0]}`) };
  }
  const report = printed as BuildReport;
  switch (exitCode) {
    case EXIT.built:
      return {
        kind: "payload",
        functions: [...new Set(report.functions.map(({ name }) => name))].sort(),
        sizeBytes: report.payload?.sizeBytes ?? 0,
        warnings: report.warnings.split("\n").filter((line) => line !== ""),
      };
    case EXIT.refused:
      return {
        kind: "refused",
        reasons: report.refusals.map(({ rule, what, reasons, causes = [] }) => {
          return { rule, what, why: cut(reasons[0] ?? ""), follows: causes.length > 0 };
        }),
      };
    case EXIT.unchanged:
      return { kind: "no-change" };
    default:
      return { kind: "error", code: `exit code ${exitCode}`, problem: cut(stderr) };
  }
}

function cut(text: string): string {
  const line = withoutFolders(text).trim();
  return line.length > WHY_LENGTH_MAX ? `${line.slice(0, WHY_LENGTH_MAX)}…` : line;
}

export function readPayload(path: string): Uint8Array | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}
