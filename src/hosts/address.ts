// How a host is named on the command line: `local`, `lab`, `lab:NAME`, `ssh:USER@HOST`, and
// `ssh+sudo:USER@HOST` where that user becomes root by sudo.

import { HostError } from "../host/errors.ts";

export type HostAddress =
  | { readonly kind: "local" }
  /** Without a name: the only running lab. */
  | { readonly kind: "lab"; readonly name: string | undefined }
  /** Any destination that ssh(1) accepts: `host`, `user@host`, `ssh://user@host:port`. */
  | {
      readonly kind: "ssh";
      readonly destination: string;
      /** `sudo`: logs in as another user than root. */
      readonly becomeRoot: "sudo" | "unneeded";
    };

/** @throws HostError host/bad-argument */
export function parseAddress(text: string): HostAddress {
  if (text === "local") return { kind: "local" };
  const [kind, rest = ""] = splitAtColon(text);
  if (kind === "lab" && (rest !== "" || text === "lab")) {
    return { kind, name: rest === "" ? undefined : rest };
  }
  if ((kind === "ssh" || kind === "ssh+sudo") && rest !== "") {
    const destination = rest.startsWith("//") ? `ssh:${rest}` : rest;
    return { kind: "ssh", destination, becomeRoot: kind === "ssh" ? "unneeded" : "sudo" };
  }
  throw new HostError({
    code: "host/bad-argument",
    problem: `Cannot use "${text}" as a host: it names none`,
    expected: "local, lab, lab:NAME, ssh:USER@HOST or ssh+sudo:USER@HOST",
    remedy: "name one with --host, or in $XSPLICE_HOST",
  });
}

function splitAtColon(text: string): readonly [string, string?] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}
