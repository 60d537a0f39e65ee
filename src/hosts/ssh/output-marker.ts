// Finds where a script's own output begins and ends. The remote login may print text before it (`echo
// Welcome` in a .bashrc, also without a newline) and after it (a wrapper that records the session), on
// both outputs. So each script prints a unique random word before and after its output.

import { randomUUID } from "node:crypto";

export class OutputMarker {
  readonly #begin = ["xsplice-begin-", randomUUID()] as const;
  readonly #end = ["xsplice-end-", randomUUID()] as const;

  /** The script, with a marker before and after what it prints. */
  in(script: string): string {
    // In a shell of its own, so that the second marker is printed even if the script calls `exec` or
    // `exit`.
    return `${print(this.#begin)}\n(\n${script}\n)\nset -- $?\n${print(this.#end, " $1")}\nexit $1`;
  }

  /** The text between the markers; `undefined` without the first one: the script did not start. */
  between(output: string): string | undefined {
    // The last match: where a wrapper joins both outputs, the markers of both are here.
    const begin = `${this.#begin.join("")}\n`;
    const at = output.lastIndexOf(begin);
    if (at < 0) return undefined;
    const own = output.slice(at + begin.length);
    const end = own.indexOf(this.#end.join(""));
    return end < 0 ? own : own.slice(0, end);
  }

  /** The script's exit code; `undefined` without the second marker: it did not end. */
  exitCodeIn(output: string): number | undefined {
    const code = new RegExp(`${this.#end.join("")} (\\d+)\n`).exec(output)?.[1];
    return code === undefined ? undefined : Number(code);
  }

  /** The marker has another line end: the output is changed on the way. */
  isChanged(output: string): boolean {
    return output.includes(`${this.#begin.join("")}\r`);
  }
}

/** In two halves, so that a login shell that prints its commands (`set -x`) does not print the marker. */
function print(halves: readonly string[], more = ""): string {
  const command = `printf '%s%s${more && " %s"}\\n' ${halves.join(" ")}${more}`;
  return `${command}; ${command} >&2`;
}
