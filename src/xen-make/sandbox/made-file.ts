// Reads what make left in a scratch copy. Its rules are those of a source and a patch, so that a name
// may be anything by now: a link to a file elsewhere, a pipe that nobody writes to, a device.

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { BuildError } from "../../build-outcome/build-error.ts";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** `undefined` unless it is a regular file. */
export function readMade(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    return fstatSync(file).isFile() ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}

/** @param name for people @throws BuildError build/make-failed */
export function requireMade(path: string, name: string): Buffer {
  const made = readMade(path);
  if (made !== undefined) return made;
  throw new BuildError({
    code: "build/make-failed",
    problem: `Cannot read "${name}", which Xen's make was to make: it is not a regular file there`,
    expected: "the file that the rule for it names",
  });
}
