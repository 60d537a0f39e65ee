// The output of the stock commands while they work: "Applying fix... completed".

import type { CommandCall } from "../spec.ts";

export interface StockVoice {
  say(text: string): void;
  /** On standard error, which the stock tool leaves to errors: what a person should know first. */
  note(text: string): void;
  /** Prints `opening`, then the result of `work`. */
  saying<Result>(opening: string, work: () => Promise<Result>): Promise<Result>;
}

/** With --json it is silent: standard output has only the JSON document. */
export function stockVoice(call: CommandCall): StockVoice {
  const say = (text: string): void => {
    if (call.globals.output === "text") call.io.stdout.write(text);
  };
  return {
    say,
    note: (text) => {
      if (call.globals.output === "text") call.io.stderr.write(`Note: ${text}.\n`);
    },
    saying: async (opening, work) => {
      say(opening);
      try {
        const result = await work();
        say("completed\n");
        return result;
      } catch (error) {
        say("failed\n");
        throw error;
      }
    },
  };
}
