// For what only a bug of ours can break. Bad input is never an invariant: it gets an XspliceError.

/** @throws Error, which the command line reports as our bug and exits 70 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Bug in xsplice: ${message}`);
}

/** Ends a `switch` over a union: compiles only while every case is handled. */
export function unreachable(value: never): never {
  throw new Error(`Bug in xsplice: unhandled case ${JSON.stringify(value)}`);
}
