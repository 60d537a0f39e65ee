// Prometheus' own tool, which judges what is written for it. `npm test` fetches it; where it is missing, tests
// that need it are skipped and say so, never in CI.

import { spawnSync } from "node:child_process";
import { inspectParts } from "../../src/parts/parts.ts";
import { pathWithParts } from "../../src/parts/programs.ts";

/** For the option `skip` of a test. @throws Error in CI, where it may not be missing */
export function whyNoPromtool(): string | false {
  const isMissing = inspectParts(["promtool"]).some(({ state }) => state.kind === "missing");
  if (!isMissing) return false;
  const reason = 'promtool is not fetched yet: "npm test" without a selection does it';
  if (process.env["CI"] === "true") throw new Error(reason);
  return reason;
}

/** Its exit code and everything that it said. */
export function promtool(
  args: readonly string[],
  input = "",
): { code: number | null; said: string } {
  const env = { ...process.env, PATH: pathWithParts(["promtool"]) };
  const run = spawnSync("promtool", args, { input, env, encoding: "utf8" });
  if (run.error) throw run.error;
  return { code: run.status, said: run.stdout + run.stderr };
}
