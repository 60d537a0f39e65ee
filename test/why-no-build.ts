// Tests that build Xen's objects need more of the machine than gcc. Where it is missing they are
// skipped and tell what brings it; never in CI.

import { type TestContext, test } from "node:test";
import { findProgram } from "../src/parts/parts.ts";

const needed = ["make", "python3", "ld", "patch", "xz"];

/** For the option `skip` of a test. @throws Error in CI, where nothing may be missing */
export function whyNoBuild(): string | false {
  const missing = needed.filter((name) => findProgram(name, process.env) === undefined);
  if (missing.length === 0) return false;
  const reason = `this machine has no ${missing.join(", no ")}: apt-get install make python3 binutils patch xz-utils`;
  if (process.env["CI"] === "true") throw new Error(reason);
  return reason;
}

/** `test()` for what builds Xen's objects. */
export function buildTest(name: string, body: (t: TestContext) => void | Promise<void>): void {
  test(name, { skip: whyNoBuild() }, body);
}
