// What a command that has changed a host says of its next boot: nothing, if all is well.

import type { KeepOutcome } from "../../host/boot-store.ts";
import { HostError } from "../../host/errors.ts";

export function renderKept(kept: KeepOutcome | HostError | undefined): string {
  if (kept === undefined) return "";
  if (kept instanceof HostError) {
    return `warning: the next boot will not apply what is applied now: ${kept.message}\n`;
  }
  return renderMissing(kept)
    .map((line) => `warning: ${line}\n`)
    .join("");
}

/** Sentences: what the next boot will not apply, and what to do. */
export function renderMissing({ order, unknown, quarantined }: KeepOutcome): readonly string[] {
  return [
    ...(order === "unknown"
      ? ["the next boot will apply nothing: the order of the payloads is not known"]
      : []),
    ...unknown.map(
      (name) =>
        `the next boot will apply neither "${name}", whose file is not known, nor what is above it; give the file to xsplice boot enable --payload FILE`,
    ),
    ...quarantined.map(
      (name) =>
        `the next boot will apply neither "${name}", which was set aside after a crash, nor what is above it; xsplice boot release "${name}" allows it`,
    ),
  ];
}
