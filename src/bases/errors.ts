// Why a base cannot be opened.

import { XspliceError } from "../error.ts";

export class BaseError extends XspliceError<
  /** Not a word that names a base. */
  | "base/unknown"
  /** No such version, no hypervisor installed, nothing that this directory could be. */
  | "base/not-found"
  /** What describes a directory of one's own cannot be read. */
  | "base/bad-file"
  /** It lacks what this command needs. */
  | "base/incomplete"
  /** Its parts are not of one build, or the host runs another one. */
  | "base/differs"
> {}
