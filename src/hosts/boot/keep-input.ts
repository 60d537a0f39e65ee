// What share/boot/manage.sh reads for `keep`: lines, then the files that they name.

import { sha256 } from "../../bytes/sha256.ts";
import type { KeptPayload, KeptSet } from "../../host/boot-store.ts";
import { HostError } from "../../host/errors.ts";

/** @throws HostError host/boot-store for a name that the script's lines cannot hold */
export function keepInput({ xenBuildId, applied, idle }: KeptSet): {
  readonly input: Uint8Array;
  /** Bytes of the lines. */
  readonly headSize: number;
} {
  const files = new Map<string, Uint8Array>();
  const digest = ({ name, bytes }: KeptPayload): string => {
    requirePlain(name);
    if (bytes === undefined) return "-";
    const hex = sha256(bytes);
    files.set(hex, bytes);
    return hex;
  };
  const lines = [
    ...(applied ?? []).map((payload) => {
      const mode = payload.dependencyCheck === "whole-chain" ? "chain" : "nodeps";
      return `applied ${digest(payload)} ${mode} ${payload.name}`;
    }),
    ...idle.map((payload) => `idle ${digest(payload)} - ${payload.name}`),
  ];
  const all = [
    ...[...files].map(([hex, bytes]) => `file ${hex} ${bytes.length}`),
    `hypervisor ${xenBuildId}`,
    `order ${applied === undefined ? "unknown" : "known"}`,
    ...lines,
  ];
  const head = Buffer.from(`${all.join("\n")}\n`);
  return { input: Buffer.concat([head, ...files.values()]), headSize: head.length };
}

/** Lines of words, with the name as the rest of the line. */
function requirePlain(name: string): void {
  if (name === name.trim() && !/\p{Cc}|\\/u.test(name)) return;
  throw new HostError({
    code: "host/boot-store",
    problem: `Cannot keep payload ${JSON.stringify(name)} for the next boot: its name has a control character, a backslash, or a space at an end`,
    remedy: "load it under a plain name",
  });
}
