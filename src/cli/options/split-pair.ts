// Options of the form `KEY=VALUE`.

import { UsageError } from "../usage-error.ts";

/** @throws UsageError unless there is text on both sides of the first = */
export function splitPair(option: string, text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use "${text}" for ${option}: it is not a pair`,
    expected: "two words with = between them",
  });
}
