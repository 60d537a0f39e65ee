// Why a part is not available. Each error names the part or suite, and a remedy.

import { XspliceError } from "../error.ts";

export class PartsError extends XspliceError<
  /** No apt-get or dpkg-deb: not a Debian-like system. */
  | "parts/no-apt"
  /** The machine's apt has no Debian mirror, and no variable names one. */
  | "parts/no-mirror"
  /** No key to verify Debian's archive. */
  | "parts/no-keyring"
  /** The mirror has no such suite (any more). */
  | "parts/suite-gone"
  /** The mirror does not answer, or sends an invalid answer. */
  | "parts/suite-unavailable"
  /** The suite has no such package or version. */
  | "parts/package-unavailable"
  /** The cache directory cannot be written to. */
  | "parts/no-cache"
  /** No program for locks. */
  | "parts/no-flock"
  /** Nothing can be removed from the cache while it is in use. */
  | "parts/in-use"
  | "parts/download-failed"
  | "parts/unpack-failed"
  /** A part is needed that is not in the cache. */
  | "parts/missing"
  | "parts/unknown"
> {}
