/** Put in by the bundler (bootstrap/bundle.mjs). */
declare const XSPLICE_CODE_DIGEST: string;

/** Of all code of the bundled command, in hex; `undefined` where modules are loaded one by one. */
export function codeDigest(): string | undefined {
  return typeof XSPLICE_CODE_DIGEST === "undefined" ? undefined : XSPLICE_CODE_DIGEST;
}
