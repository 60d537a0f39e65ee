// Runs the command line in this process, with a host of the test's and all output caught. What it
// prints with --json is held against its form.

import { Readable, Writable } from "node:stream";
import { runCli } from "../src/cli/run.ts";
import type { OpenHost } from "../src/cli/spec.ts";
import type { LivepatchHost } from "../src/host/host.ts";
import { checkDocument } from "./documents/check-document.ts";

export interface CliRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface CliSurroundings {
  readonly host?: LivepatchHost;
  readonly openHost?: OpenHost;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Sits at a terminal, and types this. */
  readonly person?: string;
}

export async function runXsplice(
  args: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<CliRun> {
  const { person } = surroundings;
  const terminal = person === undefined ? {} : { isTTY: true };
  const stdout = new Collector();
  const stderr = Object.assign(new Collector(), terminal);
  const exitCode = await runCli(args, {
    io: {
      stdin: Object.assign(Readable.from(person === undefined ? [] : [person]), terminal),
      stdout,
      stderr,
      env: surroundings.env ?? {},
      signal: surroundings.signal ?? new AbortController().signal,
    },
    openHost: surroundings.openHost ?? (async () => requireHost(surroundings.host)),
  });
  checkDocument(args, stdout.text);
  return { stdout: stdout.text, stderr: stderr.text, exitCode };
}

class Collector extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function requireHost(host: LivepatchHost | undefined): LivepatchHost {
  if (host === undefined) throw new Error("this test has no host");
  return host;
}
