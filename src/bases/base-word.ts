// The word that names a base: what kind it is, before anything is looked up.

import { type DebianRelease, debianReleases } from "../parts/xen-parts.ts";
import { BaseError } from "./errors.ts";

export type BaseWord =
  /** `version` undefined: the newest of the release. */
  | {
      readonly kind: "debian";
      readonly release: DebianRelease;
      readonly version: string | undefined;
      /** "arm64": built here from the same source. */
      readonly architecture: "amd64" | "arm64";
    }
  | { readonly kind: "installed" }
  | { readonly kind: "ssh"; readonly destination: string }
  | { readonly kind: "directory"; readonly folder: string };

/** For help and errors. */
const BASE_FORMS =
  "debian:VERSION, debian:12 (its newest), debian-arm64:VERSION (built here), installed, ssh:USER@HOST, or a directory (with a slash in its name)";

/** @throws BaseError base/unknown */
export function readBaseWord(word: string): BaseWord {
  if (word === "installed") return { kind: "installed" };
  if (word.startsWith("ssh:") && word.length > "ssh:".length) {
    return { kind: "ssh", destination: word.slice("ssh:".length) };
  }
  if (word.startsWith("debian:")) return readDebianWord(word, "amd64");
  if (word.startsWith("debian-arm64:")) return readDebianWord(word, "arm64");
  if (word.includes("/") || word === "." || word === "..") {
    return { kind: "directory", folder: word };
  }
  throw new BaseError({
    code: "base/unknown",
    problem: `Cannot use "${word}" as a base: it names none`,
    expected: BASE_FORMS,
    remedy: `a directory needs a slash in its name, as in ./${word}`,
  });
}

function readDebianWord(word: string, architecture: "amd64" | "arm64"): BaseWord {
  const text = word.slice(word.indexOf(":") + 1);
  const named = debianReleases.find(({ number, suite }) => text === number || text === suite);
  const found = { kind: "debian", architecture } as const;
  if (named !== undefined) return { ...found, release: named, version: undefined };
  const line = /^(\d+\.\d+)([.+][\w.+~-]+)?$/.exec(text)?.[1];
  const release = debianReleases.find(({ xen }) => xen === line);
  if (release !== undefined) {
    return { ...found, release, version: text === line ? undefined : text };
  }
  const known = debianReleases.map(({ number, xen }) => `debian:${number} (Xen ${xen})`);
  throw new BaseError({
    code: "base/unknown",
    problem: `Cannot use "${word}" as a base: no release of Debian that is known here has such a Xen`,
    expected: `${known.join(", ")}, or debian: and the version of a xen-hypervisor package of one of them`,
    remedy: "for another hypervisor give a directory with its source, xen-syms and configuration",
  });
}
