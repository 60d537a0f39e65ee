// Asks xsplice as a user would, in a process of its own, and reads what it answers.

import { fileURLToPath } from "node:url";
import type { BuildReport } from "../../src/builder/report.ts";
import type { CheckReport } from "../../src/check/check.ts";
import { runProcess } from "../../src/parts/run-process.ts";

const command = fileURLToPath(new URL("../../bundle/cli/main.js", import.meta.url));

export type BuildAnswer =
  | { readonly kind: "built"; readonly report: Partial<BuildReport> }
  /** What cannot be live patched, with the reasons; or an error, with its words. */
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "error"; readonly why: string };

/** `build` or `compile`. @throws the reason of `signal` */
export async function askForPayload(
  args: readonly string[],
  signal: AbortSignal,
): Promise<BuildAnswer> {
  const { exitCode, stdout, stderr } = await runXsplice([...args, "--json"], signal);
  const printed = readJson(stdout) as Partial<BuildReport> & PrintedError;
  if (printed.error !== undefined) {
    const { code, problem, where = "" } = printed.error;
    return { kind: "error", why: `${code}: ${problem} ${where}` };
  }
  if (exitCode === 0) return { kind: "built", report: printed };
  if (exitCode === 2) {
    const reasons = printed.refusals?.map(({ rule, what, reasons: [first] }) => {
      return `${rule}: ${what}: ${first}`;
    });
    return { kind: "refused", why: reasons?.join("; ") ?? stderr };
  }
  return { kind: "error", why: `exit code ${exitCode}: ${stderr.trim()}` };
}

export interface Checked {
  /** Xen takes it, by the model. */
  readonly accepts: boolean;
  /** Rules, for people: Xen takes a payload with them all the same. */
  readonly hazards: readonly string[];
}

/** What `xsplice check` says to the last of the payloads, on top of the others. */
export async function askCheck(args: readonly string[], signal: AbortSignal): Promise<Checked> {
  const { exitCode, stdout, stderr } = await runXsplice(["check", ...args, "--json"], signal);
  const printed = readJson(stdout) as Partial<CheckReport>;
  const last = printed.payloads?.at(-1);
  if (last === undefined) throw new Error(`xsplice check ended with ${exitCode}: ${stderr}`);
  const hazards = last.hazards.filter(({ severity, isHere }) => severity !== "note" && isHere);
  return {
    accepts: last.verdict.kind === "accepted",
    hazards: [...new Set(hazards.map(({ rule }) => rule))],
  };
}

interface PrintedError {
  readonly error?: { readonly code: string; readonly problem: string; readonly where?: string };
}

function readJson(text: string): unknown {
  return text.trim() === "" ? {} : JSON.parse(text);
}

async function runXsplice(args: readonly string[], signal: AbortSignal) {
  const argv = [process.execPath, "--enable-source-maps", command, ...args];
  const result = await runProcess(argv, { env: process.env, signal });
  signal.throwIfAborted();
  return result;
}
