// How a host is named on the command line: `local`, `lab`, `lab:NAME`, `ssh:USER@HOST`.

import { HostError } from "../host/errors.ts";

export type HostAddress =
  | { readonly kind: "local" }
  /** Without a name: the only running lab. */
  | { readonly kind: "lab"; readonly name: string | undefined }
  /** Any destination that ssh(1) accepts: `host`, `user@host`, `ssh://user@host:port`. */
  | { readonly kind: "ssh"; readonly destination: string };

/** @throws HostError host/bad-argument */
export function parseAddress(text: string): HostAddress {
  if (text === "local") return { kind: "local" };
  const [kind, rest = ""] = splitAtColon(text);
  if (kind === "lab" && (rest !== "" || text === "lab")) {
    return { kind, name: rest === "" ? undefined : rest };
  }
  if (kind === "ssh" && rest !== "") {
    return { kind, destination: rest.startsWith("//") ? text : rest };
  }
  throw new HostError({
    code: "host/bad-argument",
    problem: `Cannot use "${text}" as a host: it names none`,
    expected: "local, lab, lab:NAME or ssh:USER@HOST",
    remedy: "name one with --host, or in $XSPLICE_HOST",
  });
}

function splitAtColon(text: string): readonly [string, string?] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}
