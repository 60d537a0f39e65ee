// The result of a command on standard output: one JSON document, or text.

import type { CommandCall } from "./spec.ts";

/** `text` is only rendered when it is wanted; addresses (bigint) become hex strings in JSON. */
export function emit(call: CommandCall, value: unknown, text: () => string): void {
  if (call.globals.output === "json") call.io.stdout.write(`${toJson(value)}\n`);
  else call.io.stdout.write(text());
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? `0x${part.toString(16)}` : part,
  );
}
