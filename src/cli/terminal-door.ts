// The one way of all text to the terminal, or to a file that one will show. Strings are made visible;
// bytes go through as they are: sequences of our own, and what a program of a lab's dom0 writes.

import { Writable } from "node:stream";
import type { Output } from "./io.ts";
import { visible } from "./text/visible.ts";

export class TerminalDoor extends Writable {
  readonly #output: Output;

  constructor(output: Output) {
    super({ decodeStrings: false });
    this.#output = output;
  }

  get isTTY(): boolean {
    return this.#output.isTTY === true;
  }

  /** Of a terminal, which may be resized. */
  get columns(): number | undefined {
    return this.#output.columns;
  }

  override _write(chunk: string | Uint8Array, _encoding: string, done: () => void): void {
    // An error is told by the output itself; whoever writes more is not kept waiting for ever.
    let isWaiting = false;
    const takesMore = this.#output.write(
      typeof chunk === "string" ? visible(chunk) : chunk,
      () => void (isWaiting && done()),
    );
    isWaiting = !takesMore;
    if (takesMore) done();
  }

  /** Resolves when the output has taken all that was written so far. */
  async passed(): Promise<void> {
    if (this.writableLength > 0) await new Promise((resolve) => this.write("", resolve));
  }
}
