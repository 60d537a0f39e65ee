// What a command may touch of the outside: handed in, so that a test can look at all of it.

import { type Readable, Writable } from "node:stream";

/** A terminal, a pipe or a test's buffer. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number | undefined };

export interface CommandIo {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Results, and nothing else. */
  readonly stdout: Output;
  /** Progress, words for people, errors. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fires at ^C or SIGTERM: stop, clean up, leave nothing behind. */
  readonly signal: AbortSignal;
}

/** Says nothing to people but warnings, and asks nothing. */
export function quietIo(io: CommandIo): CommandIo {
  const stderr = new Writable({
    decodeStrings: false,
    write: (chunk: string | Uint8Array, _encoding, done) => {
      if (typeof chunk === "string" && chunk.startsWith("warning")) io.stderr.write(chunk);
      done();
    },
  });
  return { ...io, stderr };
}

/** Colour only where a person looks and did not ask for none (no-color.org). */
export function wantsColour(output: Output, env: CommandIo["env"]): boolean {
  return output.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}
