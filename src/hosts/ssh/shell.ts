// One shell on the other side that runs one script after the other: a session of its own for each
// would cost a login there, which takes longer than most scripts.

import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { RemoteScript } from "../remote-script.ts";
import type { OutputMarker } from "./output-marker.ts";
import { collected, type ProcessEnd, SSH_FAILED, type SshProcess, stop } from "./process.ts";
import { scriptCommand } from "./shell-words.ts";

/** Of the line that says that a command is done, and of an output's end without a line's end before it. */
const LINE_LENGTH_MAX = 256;
/** More input than this goes through a session of its own: some shells read each byte by itself. */
const INPUT_BYTES_MAX = 64 * 1024;

export class RemoteShell {
  readonly #child: SshProcess;
  /** For good after a script that was given up: it may go on, and print, for as long as it likes. */
  #isBusy = false;

  /** @param child runs a shell that reads commands from its input */
  constructor(child: SshProcess) {
    this.#child = child;
  }

  /** `undefined` when it cannot run this script, or not now. */
  tryRun(
    remote: RemoteScript,
    marker: OutputMarker,
    signal: AbortSignal,
  ): Promise<ProcessEnd> | undefined {
    const done = `xsplice-done-${randomUUID()}`;
    const input = inputWords(remote.stdin, done);
    const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null;
    if (this.#isBusy || hasEnded || signal.aborted || input === undefined) return undefined;
    const command = scriptCommand(marker.in(remote.script), remote.args ?? []);
    // By this shell, since the one that runs the script may be killed.
    const say = `set -- $?; echo ${done} $1; echo ${done} $1 >&2`;
    return this.#run(`${command} ${input}\n${say}\n`, done, signal);
  }

  async #run(words: string, done: string, signal: AbortSignal): Promise<ProcessEnd> {
    this.#isBusy = true;
    const child = this.#child;
    const streams = [child.stdout, child.stderr];
    let onClose = (): void => {};
    let onAbort = (): void => {};
    const [stdout, stderr] = [{ text: () => "" }, { text: () => "" }];
    const end = await new Promise<ProcessEnd>((resolve) => {
      const endWith = (exitCode: number): void => {
        resolve({ kind: "ended", stdout: stdout.text(), stderr: stderr.text(), exitCode });
      };
      let ends = 0;
      // A wrapper may join both outputs: then both markers come on one of them.
      const onDone = (exitCode: number): void => {
        if (++ends < streams.length) return;
        this.#isBusy = false;
        endWith(exitCode);
      };
      const collect = (stream: Readable, output: "standard output" | "error output") => {
        const text = collected(stream, (bytes) => {
          stop(child);
          resolve({ kind: "too-much", output, bytes });
        });
        stream.on("data", watchFor(done, onDone));
        return text;
      };
      stdout.text = collect(child.stdout, "standard output");
      stderr.text = collect(child.stderr, "error output");
      onClose = () => endWith(SSH_FAILED);
      onAbort = () => endWith(SSH_FAILED);
      child.once("close", onClose);
      signal.addEventListener("abort", onAbort, { once: true });
      child.stdin.write(words);
    });
    child.off("close", onClose);
    signal.removeEventListener("abort", onAbort);
    for (const stream of streams) stream.removeAllListeners("data").resume();
    return end;
  }
}

/** A listener to an output, for lines that end with this word and a number. */
function watchFor(word: string, found: (exitCode: number) => void): (chunk: Buffer) => void {
  let before = "";
  return (chunk) => {
    // The line may be divided between two chunks.
    const lines = (before + chunk.toString("latin1")).split("\n");
    before = (lines.pop() ?? "").slice(-LINE_LENGTH_MAX);
    for (const line of lines) {
      const at = line.indexOf(`${word} `);
      if (at >= 0) found(Number(line.slice(at + word.length)));
    }
  };
}

/** The script's input as the shell is told of it; `undefined` where that is not possible. */
function inputWords(input: Uint8Array | undefined, word: string): string | undefined {
  if (input === undefined || input.length === 0) return "</dev/null";
  if (input.length > INPUT_BYTES_MAX || input.at(-1) !== 0x0a || input.includes(0))
    return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input);
    return `<<'${word}'\n${text}${word}`;
  } catch {
    return undefined; // not a text
  }
}
