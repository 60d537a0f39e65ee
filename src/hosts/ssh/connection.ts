// One ssh connection, used for many commands: the first process opens it and keeps it open with a
// session of its own, the others share it through a control socket. It is the system's ssh, so the
// user's configuration, keys, agent and jump hosts count.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError } from "../../host/errors.ts";
import { scriptCommand } from "./shell-words.ts";

export interface SshOptions {
  /** `user@host`, `host`, or what else ssh(1) takes as a destination. */
  readonly destination: string;
  /** The program and its first arguments, e.g. `["ssh", "-F", "other_config"]`. */
  readonly command: readonly string[];
}

export interface RemoteResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface RemoteScript {
  /** For `sh`; refers to `args` as `$1`, `$2` … */
  readonly script: string;
  readonly args?: readonly string[];
  readonly stdin?: Uint8Array;
}

export interface HeldScript {
  /** "" when it ended without any. */
  readonly firstWords: string;
  end(): Promise<void>;
}

/** What a remote command may print before we stop listening. */
const OUTPUT_LENGTH_MAX = 16 * 1024 * 1024;
/** ssh(1) exits with this when the connection, not the command, failed. */
const SSH_FAILED = 255;
/** A terminal's ^C goes to ssh as well; what is under way on the host has to come to its end. */
const UNMOVED_SCRIPT = `trap '' INT HUP; exec "$@"`;
const GREETING = "xsplice-connected";

export class SshConnection implements AsyncDisposable {
  readonly label: string;
  readonly #options: SshOptions;
  readonly #folder: string;
  #keeper: ChildProcess | undefined;

  /** @throws HostError host/unreachable, host/bad-argument */
  static async open(options: SshOptions, signal: AbortSignal): Promise<SshConnection> {
    if (options.destination === "" || options.destination.startsWith("-")) {
      throw new HostError({
        code: "host/bad-argument",
        problem: `Cannot connect to "${options.destination}": this is no destination for ssh`,
        expected: "ssh:USER@HOST",
      });
    }
    const folder = await mkdtemp(join(tmpdir(), `xsplice-ssh-${process.pid}-`));
    const connection = new SshConnection(options, folder);
    try {
      await connection.#keepOpen(signal);
      signal.throwIfAborted(); // too late: nobody is there to close it
      return connection;
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(options: SshOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.label = `ssh:${options.destination}`;
  }

  /**
   * Runs a script to its end. Any exit code of the script is a result.
   * @throws HostError host/unreachable when the connection failed
   */
  async run(remote: RemoteScript, signal: AbortSignal): Promise<RemoteResult> {
    signal.throwIfAborted();
    const child = this.#spawn(["-o", "ControlMaster=no"], remote);
    const result = await finished(child, remote.stdin, signal);
    if (result.exitCode === SSH_FAILED) throw this.#unreachable(result.stderr);
    return result;
  }

  /**
   * Starts a script that goes on until its standard input ends, and waits for its first words. When
   * this process dies, so does its input.
   */
  async hold(remote: RemoteScript, signal: AbortSignal): Promise<HeldScript> {
    signal.throwIfAborted();
    const child = this.#spawn(["-o", "ControlMaster=no"], remote);
    child.stdin?.on("error", () => undefined);
    const kill = (): void => void child.kill();
    signal.addEventListener("abort", kill, { once: true });
    const firstWords = await new Promise<string>((resolve) => {
      child.stdout?.once("data", (text: Buffer) => resolve(text.toString().trim()));
      child.once("error", () => resolve(""));
      child.once("close", () => resolve(""));
    });
    signal.removeEventListener("abort", kill);
    signal.throwIfAborted();
    return { firstWords, end: () => ended(child) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    if (keeper !== undefined) await ended(keeper);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The session ends when its standard input does, so at the latest when this process does. */
  async #keepOpen(signal: AbortSignal): Promise<void> {
    const keeper = this.#spawn(["-o", "ControlMaster=yes", "-o", "ControlPersist=no"], {
      script: `echo ${GREETING}; exec cat >/dev/null`,
    });
    this.#keeper = keeper;
    let stderr = "";
    keeper.stderr?.on("data", (chunk) => {
      stderr += String(chunk);
    });
    keeper.once("error", ({ message }) => {
      stderr += message; // the program could not be started
    });
    keeper.stdin?.on("error", () => undefined); // it ended before its input did
    const kill = (): void => void keeper.kill();
    signal.addEventListener("abort", kill, { once: true });
    // Time may have been up before there was a process.
    if (signal.aborted) kill();
    try {
      if (!(await saysGreeting(keeper))) throw this.#unreachable(stderr);
    } finally {
      signal.removeEventListener("abort", kill);
    }
  }

  #spawn(options: readonly string[], remote: RemoteScript): ChildProcess {
    return spawn(
      "sh",
      [
        ...["-c", UNMOVED_SCRIPT, "xsplice", ...this.#options.command],
        ...["-T", "-o", `ControlPath=${join(this.#folder, "control")}`],
        // What a configuration may have for sessions of people, and what would be in our way.
        ...["-o", "RemoteCommand=none", "-o", "ClearAllForwardings=yes"],
        ...options,
        ...["--", this.#options.destination],
        scriptCommand(remote.script, remote.args ?? []),
      ],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
  }

  #unreachable(stderr: string): HostError {
    const said = stderr.trim();
    return new HostError({
      code: "host/unreachable",
      problem: `Cannot reach ${this.label}: ssh failed`,
      ...(said === "" ? {} : { where: said }),
      expected: "a shell on that host, as `ssh` gives it on the command line",
      remedy: `try \`ssh ${this.#options.destination} true\` by hand`,
    });
  }
}

async function saysGreeting(child: ChildProcess): Promise<boolean> {
  return await new Promise((resolve) => {
    let text = "";
    child.stdout?.on("data", (chunk) => {
      text += String(chunk);
      // A login shell may print before it runs the command.
      if (text.includes(GREETING)) resolve(true);
    });
    child.once("error", () => resolve(false));
    child.once("close", () => resolve(false));
  });
}

async function finished(
  child: ChildProcess,
  stdin: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<RemoteResult> {
  const kill = (): void => void child.kill();
  signal.addEventListener("abort", kill, { once: true });
  const stdout = collected(child, "stdout");
  const stderr = collected(child, "stderr");
  child.stdin?.on("error", () => undefined); // the command went away early: its exit code tells
  child.stdin?.end(stdin);
  const failure = await new Promise<Error | undefined>((resolve) => {
    child.once("error", resolve);
    child.once("close", () => resolve(undefined));
  });
  signal.removeEventListener("abort", kill);
  signal.throwIfAborted();
  const exitCode = failure === undefined ? (child.exitCode ?? SSH_FAILED) : SSH_FAILED;
  return { stdout: stdout(), stderr: failure?.message ?? stderr(), exitCode };
}

function collected(child: ChildProcess, name: "stdout" | "stderr"): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  child[name]?.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= OUTPUT_LENGTH_MAX) chunks.push(chunk);
    else child.kill();
  });
  return () => Buffer.concat(chunks).toString();
}

/** Ends the keeper by its end of input; by force if it does not listen. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = once(child, "close");
  child.stdin?.end();
  const force = setTimeout(() => child.kill("SIGKILL"), 2000);
  await closed;
  clearTimeout(force);
}
