// Where a script's own output begins and ends. What runs a command at the other end may print before
// it (`echo Welcome` in a .bashrc, also without a line's end) and after it (a wrapper that records the
// session), on both outputs. So each script has a word of its own before and after it that nobody else
// can have printed.

import { randomUUID } from "node:crypto";

export class OutputMarker {
  readonly #begin = ["xsplice-begin-", randomUUID()] as const;
  readonly #end = ["xsplice-end-", randomUUID()] as const;

  /** The script, with a marker before and after what it prints. */
  in(script: string): string {
    // In a shell of its own, so that its `exec` and `exit` come back for the second marker.
    return `${print(this.#begin)}\n(\n${script}\n)\nset -- $?\n${print(this.#end)}\nexit $1`;
  }

  /** What stands between the markers; `undefined` without the first: the script did not begin. */
  between(output: string): string | undefined {
    // The last one: where a wrapper joins both outputs, the markers of both are here.
    const begin = `${this.#begin.join("")}\n`;
    const at = output.lastIndexOf(begin);
    if (at < 0) return undefined;
    const own = output.slice(at + begin.length);
    const end = own.indexOf(this.#end.join(""));
    return end < 0 ? own : own.slice(0, end);
  }

  /** A marker stands there with another line's end: something changes what the script prints. */
  isChanged(output: string): boolean {
    return output.includes(`${this.#begin.join("")}\r`);
  }
}

/** In two halves: a login shell that shows what it runs (`set -x`) must not show the marker. */
function print(halves: readonly string[]): string {
  const command = `printf '%s%s\\n' ${halves.join(" ")}`;
  return `${command}; ${command} >&2`;
}
