// Runs unpacked programs with the libc that was unpacked with them, whatever this machine has: they are
// started through their own dynamic loader.

import { join } from "node:path";
import { findOwnLoader } from "../parts/own-loader.ts";
import { LabError } from "./errors.ts";

/** The words before a program's arguments. `seenFrom` is the path of `root` when it runs. */
export function withOwnLibraries(root: string, program: string, seenFrom = root): string[] {
  const own = findOwnLoader(root);
  if (own === undefined) {
    throw new LabError({
      code: "lab/build-failed",
      problem: `Cannot run "${program}": its own dynamic loader was not unpacked`,
      where: root,
    });
  }
  return [
    join(seenFrom, own.loader),
    "--library-path",
    own.libraries.map((path) => join(seenFrom, path)).join(":"),
    join(seenFrom, program),
  ];
}
