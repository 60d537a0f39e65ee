// Progress of long operations on standard error: on a terminal one line that is updated; elsewhere one
// line at the start and one at the end of each download, so that a log stays readable.

import type { OnProgress } from "../../parts/progress.ts";
import type { CommandIo } from "../io.ts";

export interface ProgressLine {
  readonly onProgress: OnProgress;
  /** Ends the updated line; call it before printing anything else. */
  end(): void;
}

const BAR_WIDTH = 24;
/** Bytes, which the terminal obeys (terminal-door.ts). */
const CLEAR_LINE = Buffer.from("\r\u001b[K");

export function progressLine(io: Pick<CommandIo, "stderr">, indent = ""): ProgressLine {
  const { stderr } = io;
  const shown = stderr.isTTY === true ? movingLine(stderr, indent) : plainLines(stderr, indent);
  let finished: string | undefined;
  const onProgress: OnProgress = (progress) => {
    // The end may be reported twice: by a last look at the files, and by the download itself.
    if (progress.kind === "bytes" && progress.text === finished) return;
    if (progress.kind === "bytes" && progress.done >= progress.total) finished = progress.text;
    shown.onProgress(progress);
  };
  return { end: shown.end, onProgress };
}

function movingLine(stderr: CommandIo["stderr"], indent: string): ProgressLine {
  let isOpen = false;
  const end = (): void => {
    if (isOpen) stderr.write("\n");
    isOpen = false;
  };
  return {
    end,
    onProgress: (progress) => {
      if (progress.kind === "note") {
        end();
        stderr.write(`${indent}${progress.text}\n`);
        return;
      }
      const { text, done, total } = progress;
      const amount = `${bar(done, total)} ${megabytes(done)} of ${megabytes(total)}`;
      // A wrapped line could not be erased.
      const line = `${indent}${amount}  ${text}`.slice(0, (stderr.columns ?? 80) - 1);
      stderr.write(CLEAR_LINE);
      stderr.write(line);
      isOpen = true;
      if (done >= total) end();
    },
  };
}

function plainLines(stderr: CommandIo["stderr"], indent: string): ProgressLine {
  let current = "";
  return {
    end: () => {},
    onProgress: (progress) => {
      if (progress.kind === "note") {
        stderr.write(`${indent}${progress.text}\n`);
        return;
      }
      const { text, done, total } = progress;
      if (text !== current) stderr.write(`${indent}${text} (${megabytes(total)})\n`);
      else if (done >= total) stderr.write(`${indent}  done\n`);
      current = text;
    },
  };
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH);
  return `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
}

/** `70.6 MB`; smaller sizes in kB. */
export function megabytes(bytes: number): string {
  return bytes >= 100_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1000)} kB`;
}
