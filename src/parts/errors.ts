// Why a part cannot be had. Each says which part or suite, and what to do about it.

import { XspliceError } from "../error.ts";

export class PartsError extends XspliceError<
  /** No apt-get or dpkg-deb: not a Debian kind of machine. */
  | "parts/no-apt"
  /** The machine's apt knows no Debian mirror, and no variable names one. */
  | "parts/no-mirror"
  /** No key to verify Debian's archive with. */
  | "parts/no-keyring"
  /** The mirror has no such suite (any more). */
  | "parts/suite-gone"
  /** The mirror does not answer, or not as it should. */
  | "parts/suite-unavailable"
  /** The suite has no such package or version. */
  | "parts/package-unavailable"
  /** The cache directory cannot be written to. */
  | "parts/no-cache"
  /** No program to hold locks with. */
  | "parts/no-flock"
  /** Nothing can be removed from the cache while somebody needs it. */
  | "parts/in-use"
  | "parts/download-failed"
  | "parts/unpack-failed"
  /** A part is needed that is not in the cache. */
  | "parts/missing"
  | "parts/unknown"
> {}
