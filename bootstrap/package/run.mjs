// Programs of the system, each of which has to succeed.

import { spawnSync } from "node:child_process";

const OUTPUT_MAX = 512 * 1024 * 1024;

/** @returns what it prints, as bytes */
export function run(command, args, options = {}) {
  // Time zone and language must not be in what is made.
  const env = { ...process.env, TZ: "UTC", LC_ALL: "C", ...options.env };
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    maxBuffer: OUTPUT_MAX,
    ...options,
    env,
  });
  if (error) throw new Error(`Cannot run "${command}": ${error.message}`);
  if (status === 0) return stdout;
  throw new Error(`Cannot package: ${command} ${args.join(" ")} ended with ${status}\n${stderr}`);
}
