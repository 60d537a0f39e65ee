// Tests that build Xen's objects need a compiler, and parts where the machine lacks make or python3;
// `npm test` fetches those first. Where anything is missing they are skipped and tell what brings
// it; never in CI.

import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { cacheFolder } from "../src/parts/cache-folder.ts";
import { findProgram, inspectParts } from "../src/parts/parts.ts";
import { buildParts } from "../src/xen-make/tools.ts";

/** For the option `skip` of a test. @throws Error in CI, where nothing may be missing */
function whyNoBuild(): string | false {
  const reason = whyNoCompiler() || whyNoParts();
  if (reason !== false && process.env["CI"] === "true") throw new Error(reason);
  return reason;
}

/** What no part can bring. */
export function whyNoCompiler(): string | false {
  const missing = ["gcc", "ld"].filter((name) => findProgram(name, process.env) === undefined);
  return missing.length > 0 && `this machine has no ${missing.join(", no ")}: apt-get install gcc`;
}

function whyNoParts(): string | false {
  const missing = inspectParts(buildParts).filter(({ state }) => state.kind === "missing");
  const names = missing.map(({ definition }) => definition.id).join(", ");
  return missing.length > 0 && `not fetched yet: ${names}; "npm test" without a selection does it`;
}

/** Lets builds in a cache of the test's own use the parts of this machine's. */
export function sharePartsWith(cache: string): void {
  const parts = join(cacheFolder(), "parts");
  if (existsSync(parts)) symlinkSync(parts, join(cache, "parts"));
}

/** `test()` for what builds Xen's objects. */
export function buildTest(name: string, body: (t: TestContext) => void | Promise<void>): void {
  test(name, { skip: whyNoBuild() }, body);
}
