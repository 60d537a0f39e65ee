// Where a script's own output begins. The login shell at the other end may print before it runs a
// command (`echo Welcome` in its .bashrc, also without a line's end), on both outputs. So each script
// prints a word first that nobody can have printed before it.

import { randomUUID } from "node:crypto";

export class OutputMarker {
  readonly #halves = ["xsplice-", randomUUID()] as const;

  /** The script, with the marker in front of what it prints. */
  in(script: string): string {
    // In two halves: a login shell that shows what it runs (`set -x`) must not show the marker.
    const print = `printf '%s%s\\n' ${this.#halves.join(" ")}`;
    return `${print}; ${print} >&2\n${script}`;
  }

  /** What follows the marker; `undefined` when it is not there: the script did not begin. */
  after(output: string): string | undefined {
    const line = `${this.#halves.join("")}\n`;
    const start = output.indexOf(line);
    return start < 0 ? undefined : output.slice(start + line.length);
  }
}
