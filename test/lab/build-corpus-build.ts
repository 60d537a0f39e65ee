// Builds one patch of the corpus as a user would, by the command line, and holds what comes out
// against the table.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildReport } from "../../src/builder/report.ts";
import { type CorpusCase, exitCodes } from "../corpus/case.ts";
import { runXsplice } from "../run-cli.ts";
import type { CorpusSource } from "./build-corpus-source.ts";

// They are no output of the compiler.
const inputs = fileURLToPath(new URL("../../../test/corpus/", import.meta.url));

export interface CaseBuild {
  readonly exitCode: number;
  /** None when the command ended with an error, which then has its code. */
  readonly report: BuildReport | undefined;
  readonly payload: Uint8Array | undefined;
  readonly errorCode: string | undefined;
  /** All that the command printed. */
  readonly printed: string;
}

export async function buildCase(
  { name, patch = name, hooks, options = [] }: CorpusCase,
  source: CorpusSource,
  folder: string,
): Promise<CaseBuild> {
  const output = join(folder, `${name}.livepatch`);
  const { exitCode, stdout, stderr } = await runXsplice(
    [
      "build",
      ...["--source", source.source],
      ...["--xen-syms", source.xenSyms],
      ...["--config", source.config],
      ...["--patch", join(inputs, "patches", `${patch}.patch`)],
      ...["--output", output],
      ...(hooks === undefined ? [] : ["--hooks", join(inputs, "hooks", hooks)]),
      ...options,
      "--json",
    ],
    { env: environment() },
  );
  const answer: unknown = stdout.trim() === "" ? {} : JSON.parse(stdout);
  const { error } = answer as { readonly error?: { readonly code: string } };
  return {
    exitCode,
    report: error === undefined ? (answer as BuildReport) : undefined,
    payload: exitCode === exitCodes.built ? readFileSync(output) : undefined,
    errorCode: error?.code,
    printed: `${stdout}\n${stderr}`,
  };
}

/** What is not as the table says; empty when all is. */
export function findDisagreements({ expected }: CorpusCase, build: CaseBuild): readonly string[] {
  const wanted = exitCodes[expected.outcome];
  const found = [...disagree("exit code", wanted, build.exitCode)];
  if (expected.outcome === "error") {
    return [...found, ...disagree("error", expected.code, build.errorCode)];
  }
  const { report } = build;
  if (report === undefined) return [...found, `no report, but: ${build.printed.trim()}`];
  const functions = report.functions.map(({ name }) => name).sort();
  const wantedFunctions = expected.outcome === "built" ? expected.functions : [];
  found.push(...disagree("functions", wantedFunctions, functions));
  const refusals = report.refusals.map(({ rule, what }) => `${rule}: ${what}`).sort();
  const wantedRefusals = expected.outcome === "refused" ? expected.refusals : [];
  found.push(...disagree("refusals", wantedRefusals, refusals));
  if (expected.outcome !== "refused") {
    const leftOut = report.files
      .filter(({ outcome }) => outcome.kind !== "compiled")
      .map(({ file, outcome }) => [file, outcome.kind]);
    found.push(...disagree("left out", expected.leftOut ?? {}, Object.fromEntries(leftOut)));
  }
  return found;
}

function disagree(what: string, wanted: unknown, found: unknown): readonly string[] {
  const [left, right] = [JSON.stringify(wanted), JSON.stringify(found)];
  return left === right ? [] : [`${what}: expected ${left}, found ${right}`];
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
