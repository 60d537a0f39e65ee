// Errors between a source patch and the objects before and after it. Reasons why a fix cannot be live
// patched are not here: they are entries of the ledger (hunk-ledger.ts).

import { tmpdir } from "node:os";
import { XspliceError } from "../error.ts";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";

export type BuildErrorCode =
  /** Not the source of a hypervisor, or a release whose make files are not supported. */
  | "build/no-source-tree"
  /** The configuration cannot be read or is not one of Xen. */
  | "build/bad-config"
  /** Not a unified diff, or one that contradicts itself. */
  | "build/bad-patch"
  /** A hunk does not fit the source. */
  | "build/patch-does-not-apply"
  /** A program that Xen's make files call is missing. */
  | "build/no-build-tools"
  /** The patch changes what make runs, and this machine cannot keep that from the rest of it. */
  | "build/needs-sandbox"
  /** Xen's own make failed, before the patch. */
  | "build/make-failed"
  /** The compiler refuses the patched source. */
  | "build/compile-failed"
  /** The cache cannot be written to, or make cannot work there. */
  | "build/cannot-store";

export class BuildError extends XspliceError<BuildErrorCode> {}

const noSpace = ["ENOSPC", "EDQUOT"];
const noAccess = ["EACCES", "EROFS", "EIO"];

/**
 * A full disk or missing permission below `folder`, as an error for the user; any other error
 * unchanged, such as an unreadable source.
 */
export function asStorageError(error: unknown, folder: string): unknown {
  const code = codeOfSystemError(error);
  if (code === undefined) return error;
  const { path } = error as NodeJS.ErrnoException;
  if (path !== undefined && path !== folder && !path.startsWith(`${folder}/`)) return error;
  const lacks = noSpace.includes(code) ? "space" : noAccess.includes(code) ? "access" : undefined;
  if (lacks === undefined) return error;
  return cannotStore(systemStateOf(error), { where: path ?? folder, lacks }, { cause: error });
}

/** For a program that ended because the disk was full. @throws BuildError */
export function requireSpace(messages: string, folder: string): void {
  const [problem] = /No space left on device|Disk quota exceeded/.exec(messages) ?? [];
  // Compilers write temporary files to one of them, and their results to the other.
  if (problem !== undefined)
    throw cannotStore(problem.toLowerCase(), { where: `${folder}\n${tmpdir()}`, lacks: "space" });
}

const remedies = {
  space: "free some space (a copy takes about 25 MB, kept objects up to 70 MB more)",
  access: "give access to it",
} as const;

function cannotStore(
  problem: string,
  { where, lacks }: { readonly where: string; readonly lacks: keyof typeof remedies },
  options?: ErrorOptions,
): BuildError {
  const report = {
    code: "build/cannot-store",
    problem: `Cannot keep a scratch copy of the source: ${problem}`,
    where,
    remedy: `${remedies[lacks]}, or set XDG_CACHE_HOME, and TMPDIR, to another disk`,
  } as const;
  return new BuildError(report, options);
}

/**
 * Xen's own make refuses such paths (xen/Makefile), with a message that blames the source.
 * @throws BuildError
 */
export function requireUsablePlace(cache: string): void {
  const [found] = /[\s:]/.exec(cache) ?? [];
  if (found === undefined) return;
  throw new BuildError({
    code: "build/cannot-store",
    problem: `Cannot build in the cache "${cache}": its path has a ${found === ":" ? "colon" : "blank"}`,
    expected: "a path without blanks and colons, which Xen's make files cannot work with",
    remedy: "set XDG_CACHE_HOME to such a directory",
  });
}
