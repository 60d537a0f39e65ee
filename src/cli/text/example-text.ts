// The examples of a command, as its help ends with them.

import type { CommandSpec } from "../spec.ts";

export function exampleText(spec: CommandSpec): string {
  const lines = spec.examples.flatMap(({ command, explains }) => [
    `  # ${explains}`,
    `  ${command}`,
  ]);
  return ["Examples:", ...lines].join("\n");
}
