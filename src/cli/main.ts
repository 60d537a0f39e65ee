#!/usr/bin/env node
// The executable: ties the command line to this process. Everything else takes what it needs as an
// argument.

import { ExitCode } from "./exit-code.ts";
import { runCli } from "./run.ts";
import { renderBug } from "./text/render-error.ts";

const stop = new AbortController();
let asked = 0;
const PATIENCE_MS = 30_000;
const onSignal = (): void => {
  asked += 1;
  // The second ^C does not wait for the cleaning up; a lab then dies with its owner nevertheless.
  if (asked > 1) process.exit(ExitCode.interrupted);
  stop.abort(new Error("Stopped by a signal"));
  // Longer than all cleaning up takes: whatever does not listen ends with us.
  setTimeout(() => process.exit(ExitCode.interrupted), PATIENCE_MS).unref();
};
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);

// The reader of a pipe went away, as in `xsplice list | head -1`: nothing is wrong.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(ExitCode.success);
  process.stderr.write(`Cannot write to standard output: ${error.message}\n`);
  process.exit(ExitCode.failure);
});

// Nobody reads what is said beside the result: the work goes on, and ends with its own exit code.
process.stderr.on("error", () => undefined);

// Node ends when nothing is left that could bring a result: that must not look like success.
process.once("beforeExit", () => {
  if (process.exitCode !== undefined) return;
  process.stderr.write(
    `${renderBug(new Error("Nothing is left to wait for, and no result came"))}\n`,
  );
  process.exitCode = ExitCode.bug;
});

// No `await` here: the bundle of the command is CommonJS (bootstrap/bundle.mjs).
void runCli(process.argv.slice(2), {
  io: {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: stop.signal,
  },
  openHost: async (address, options) => {
    const { openHost } = await import("../hosts/open-host.ts");
    return openHost(address, options);
  },
}).then((code) => {
  process.exitCode = code;
});
