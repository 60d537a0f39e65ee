// Makes a compiler of another release of Debian a program like any other: a script that starts it, and what
// it starts itself, with the libraries that were unpacked with it.

import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeWhole } from "../files/write-whole.ts";
import { PartsError } from "./errors.ts";
import { fetchMissing } from "./fetch-missing.ts";
import { findOwnLoader } from "./own-loader.ts";
import { requirePart } from "./parts.ts";
import type { PlanOptions } from "./plan.ts";

/**
 * Its path. The machine's own has priority; else it is fetched.
 * @param id one of `compilerIds`
 * @throws PartsError; the reason of `signal`
 */
export async function openCompiler(id: string, options: PlanOptions = {}): Promise<string> {
  await fetchMissing([id], options);
  const part = requirePart(id, options);
  if (part.kind === "provided") return part.program;
  // Beside what was unpacked: a sandbox shows what lies around a program's bin.
  const place = join(part.root, "bin", id);
  if (!existsSync(place)) {
    mkdirSync(dirname(place), { recursive: true });
    writeWhole(place, scriptFor(part.root, id), { mode: 0o755 });
  }
  return place;
}

function scriptFor(root: string, id: string): string {
  const own = findOwnLoader(root);
  if (own === undefined) {
    throw new PartsError({
      code: "parts/unpack-failed",
      problem: `Cannot run ${id}: its own dynamic loader was not unpacked`,
      where: root,
    });
  }
  const loader = join(root, own.loader);
  const libraries = own.libraries.map((path) => join(root, path)).join(":");
  const [, name, version = ""] = /^(gcc|clang)-(\d+)$/.exec(id) ?? [];
  const words =
    name === "clang"
      ? // Through a loader it does not find itself, and so not its headers.
        [
          join(root, `usr/lib/llvm-${version}/bin/clang`),
          ...["-resource-dir", join(root, `usr/lib/llvm-${version}/lib/clang`, resources(version))],
        ]
      : [
          join(root, `usr/bin/${id}`),
          `-B${join(root, "usr/bin")}/`,
          ...["-wrapper", `${loader},--library-path,${libraries}`],
        ];
  const command = [loader, "--library-path", libraries, ...words].map(quoted).join(" ");
  return `#!/bin/sh\nexec ${command} "$@"\n`;
}

/** Up to 15 the directory bears the whole version. */
function resources(version: string): string {
  return version === "14" ? "14.0.6" : version;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
