// One ssh connection for many commands: the first process opens it and keeps it open with its own
// session, a shell that runs most scripts (shell.ts). A script that it cannot run, such as one with a
// payload as its input, gets a session of its own, which shares the connection through a control socket.
// It uses the system's ssh, so the user's configuration, keys, agent and jump hosts apply.

import { join } from "node:path";
import type { ClaimedFolder } from "../../files/claimed-folder.ts";
import { makeTemporaryFolder } from "../../files/temporary-folder.ts";
import { HostError } from "../../host/errors.ts";
import type { Deadline } from "../deadline.ts";
import type { RemoteResult, RemoteScript } from "../remote-script.ts";
import { OutputMarker } from "./output-marker.ts";
import {
  type Beginning,
  begun,
  ended,
  finished,
  OUTPUT_BYTES_MAX,
  SSH_FAILED,
  type SshProcess,
  startProcess,
  type TooMuchOutput,
} from "./process.ts";
import { RemoteShell } from "./shell.ts";
import { scriptCommand } from "./shell-words.ts";

export interface SshOptions {
  /** `user@host`, `host`, or any other destination that ssh(1) accepts. */
  readonly destination: string;
  /** The program and its first arguments, e.g. `["ssh", "-F", "other_config"]`. */
  readonly command: readonly string[];
  /** `sudo`: each script is run by `sudo -n` there, so without a password. */
  readonly becomeRoot?: "sudo" | "unneeded";
}

export interface HeldScript {
  /** `undefined` when the script ended without a line. */
  readonly firstLine: string | undefined;
  /** What it had printed to its error output by then. */
  readonly said: string;
  end(): Promise<void>;
}

/** A terminal sends ^C to ssh as well; a running action on the host must be completed. */
const UNMOVED_SCRIPT = `trap '' INT HUP; exec "$@"`;
/** The session that keeps the connection ends when its standard input does; meanwhile it runs scripts. */
const KEEPER: RemoteScript = { task: "connect", script: "echo connected; exec sh" };
const CONTROL_NAME = "control";
/** ssh(1) adds a dot and 16 characters until the socket is ready. */
const CONTROL_SOCKET = `/${CONTROL_NAME}.${"X".repeat(16)}`;
const KEEPS = ["-o", "ControlMaster=yes", "-o", "ControlPersist=no"];
const SHARES = ["-o", "ControlMaster=no"];

export class SshConnection implements AsyncDisposable {
  readonly label: string;
  readonly #options: SshOptions;
  readonly #folder: ClaimedFolder;
  #keeper: SshProcess | undefined;
  #shell: RemoteShell | undefined;
  /** The time was up, or somebody pressed ^C: nothing that was started for it stays. */
  #isGivenUp = false;

  /** @throws HostError host/unreachable, host/unsupported, host/bad-argument */
  static async open(options: SshOptions, signal: AbortSignal): Promise<SshConnection> {
    if (options.destination === "" || options.destination.startsWith("-")) {
      throw new HostError({
        code: "host/bad-argument",
        problem: `Cannot connect to "${options.destination}": this is not a destination for ssh`,
        expected: "ssh:USER@HOST",
      });
    }
    const folder = makeTemporaryFolder("ssh", CONTROL_SOCKET);
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

  private constructor(options: SshOptions, folder: ClaimedFolder) {
    this.#options = options;
    this.#folder = folder;
    this.label = `ssh:${options.destination}`;
  }

  /**
   * Runs a script to its end. Every exit code of the script is a result.
   * @throws HostError host/unreachable when the connection failed, host/unsupported when the output has
   * no end or is changed on the way, host/timeout
   */
  run(remote: RemoteScript, deadline: Deadline): Promise<RemoteResult> {
    return this.#limit(remote.task, deadline, async (signal) => {
      const marker = new OutputMarker();
      const end = await (this.#shell?.tryRun(remote, marker, signal) ??
        finished(this.#spawn(SHARES, remote, marker), remote.stdin, signal));
      if (end.kind === "too-much") throw this.#tooMuch(remote, end);
      const [stdout, said] = [marker.between(end.stdout), marker.between(end.stderr)];
      const stderr = said ?? end.stderr;
      const own = marker.exitCodeIn(end.stdout);
      const exitCode = own ?? end.exitCode;
      if (own === undefined && exitCode === SSH_FAILED)
        throw this.#unreachable("ssh failed", stderr);
      if (stdout !== undefined) return { stdout, stderr, exitCode };
      if (marker.isChanged(end.stdout)) throw this.#changed();
      const state = `its shell ended with ${exitCode} and ran no command`;
      throw this.#unreachable(state, end.stdout + end.stderr);
    });
  }

  /**
   * Starts a script that runs until its standard input ends, and waits for its first line. The input
   * ends at the latest when this process ends.
   * @throws HostError host/unreachable when the script did not start, host/unsupported when its output
   * is changed on the way, host/timeout
   */
  hold(remote: RemoteScript, deadline: Deadline): Promise<HeldScript> {
    return this.#limit(remote.task, deadline, async (signal) => {
      const marker = new OutputMarker();
      const child = this.#spawn(SHARES, remote, marker);
      const { words, stderr, hasBegun } = await this.#begun(child, marker, signal);
      const said = marker.between(stderr);
      const isReached = hasBegun && child.exitCode !== SSH_FAILED;
      if (words === undefined && !isReached) throw this.#unreachable("ssh failed", said ?? stderr);
      return { firstLine: words, said: said ?? "", end: () => ended(child) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    this.#shell = undefined;
    if (keeper !== undefined) await ended(keeper, this.#isGivenUp ? "given-up" : "done");
    this.#folder[Symbol.dispose]();
  }

  #limit<Value>(
    task: string,
    deadline: Deadline,
    step: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    return deadline.limit(task, (signal) => {
      const giveUp = (): void => {
        this.#isGivenUp = true;
      };
      signal.addEventListener("abort", giveUp, { once: true });
      return step(signal);
    });
  }

  /** The session ends when its standard input does, so at the latest when this process does. */
  async #keepOpen(signal: AbortSignal): Promise<void> {
    const marker = new OutputMarker();
    this.#keeper = this.#spawn(KEEPS, KEEPER, marker);
    signal.addEventListener("abort", () => {
      this.#isGivenUp ||= this.#shell === undefined;
    });
    const { words, stderr } = await this.#begun(this.#keeper, marker, signal);
    if (words === undefined) throw this.#unreachable("ssh failed", stderr);
    this.#shell = new RemoteShell(this.#keeper);
  }

  /** Waits for its first line, or its end. @throws HostError host/unsupported */
  async #begun(
    child: SshProcess,
    marker: OutputMarker,
    signal: AbortSignal,
  ): Promise<Beginning & { readonly hasBegun: boolean }> {
    let [hasBegun, isChanged] = [false, false];
    const findLine = (stdout: string): string | undefined => {
      const own = marker.between(stdout);
      hasBegun = own !== undefined;
      isChanged = marker.isChanged(stdout);
      return isChanged ? "" : firstLineOf(own ?? "");
    };
    const beginning = await begun(child, findLine, signal);
    if (beginning.tooMuch !== undefined)
      throw this.#tooMuch({ task: "connect" }, beginning.tooMuch);
    if (!isChanged) return { ...beginning, hasBegun };
    await ended(child);
    throw this.#changed();
  }

  #spawn(options: readonly string[], remote: RemoteScript, marker: OutputMarker): SshProcess {
    const root = this.#options.becomeRoot === "sudo" ? "sudo -n -- " : "";
    return startProcess("sh", [
      ...["-c", UNMOVED_SCRIPT, "xsplice", ...this.#options.command],
      ...["-T", "-o", `ControlPath=${join(this.#folder.path, CONTROL_NAME)}`],
      // Settings for interactive sessions that would disturb ours.
      ...["-o", "RemoteCommand=none", "-o", "ClearAllForwardings=yes"],
      ...options,
      ...["--", this.#options.destination],
      `${root}${scriptCommand(marker.in(remote.script), remote.args ?? [])}`,
    ]);
  }

  #unreachable(state: string, output: string): HostError {
    const said = output.trim();
    return new HostError({
      code: "host/unreachable",
      problem: `Cannot reach ${this.label}: ${state}`,
      ...(said === "" ? {} : { where: said.slice(-QUOTED_MAX) }),
      expected: "a shell on that host, as `ssh` gives it on the command line",
      remedy: `try \`ssh ${this.#options.destination} ${this.#options.becomeRoot === "sudo" ? "sudo -n " : ""}true\` by hand`,
    });
  }

  #changed(): HostError {
    return new HostError({
      code: "host/unsupported",
      problem: `Cannot use ${this.label}: what a command prints there comes with other line ends (CR LF), as from a terminal`,
      expected: "the output as the command prints it",
      remedy: `look for what gives that session a terminal, such as a program that records it (ForceCommand in the sshd_config there); \`ssh ${this.#options.destination} true\` must run without`,
    });
  }

  #tooMuch({ task }: Pick<RemoteScript, "task">, { output, bytes }: TooMuchOutput): HostError {
    return new HostError({
      code: "host/unsupported",
      problem: `Cannot ${task} on ${this.label}: the host's output does not end, ${bytes} bytes so far`,
      where: `${output} of the command that is to ${task}`,
      expected: `no more than ${OUTPUT_BYTES_MAX} bytes, and 1 MiB until it begins`,
      remedy: "run that command there by hand, and look at its output",
    });
  }
}

/** Of what the other side said, in characters: it may have said a lot, and its end tells why it ended. */
const QUOTED_MAX = 4000;

function firstLineOf(text: string): string | undefined {
  const end = text.indexOf("\n");
  return end < 0 ? undefined : text.slice(0, end);
}
