// `npm run test:package`: makes the packages, and tries them: their size, start and bytes; the .deb in clean roots of
// Debian 12 and 13, as root and with mmdebstrap. Commit first: the second set of bytes comes from a clone.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run } from "./setup.mjs";
import { runTests } from "./tests.mjs";

const folder = mkdtempSync(join(tmpdir(), "xsplice-made-"));
try {
  process.exitCode = run(process.execPath, [join(root, "bootstrap/package.mjs"), folder]);
  if (process.exitCode === 0) {
    process.env.XSPLICE_PACKAGES = folder;
    const suites = ["debian-suite", "size-suite"];
    process.exitCode = runTests(suites.map((name) => join(root, `dist/test/package/${name}.js`)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
