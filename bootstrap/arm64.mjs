// `npm run test:arm64`: sets up everything, builds a Xen for arm64 once, and tries payloads on it in a lab; and
// runs the tests that a compiler for arm64 is needed for, which `npm test` skips on most machines. `npm test` does
// none of it: what this fetches and builds takes minutes.

import { join } from "node:path";
import { root, setUp } from "./setup.mjs";
import { runTests } from "./tests.mjs";

const COMPILER_PART = "gcc-arm64";

setUp();
const [{ fetchMissing }, { pathWithParts }] = await Promise.all([
  import("../dist/src/parts/fetch-missing.js"),
  import("../dist/src/parts/programs.js"),
]);
await fetchMissing([COMPILER_PART]);
process.env.PATH = pathWithParts([COMPILER_PART]);
const tests = [
  ...["src/compile/aarch64.test.js", "src/diff/aarch64.test.js"],
  ...["src/payload/emit/redirect.test.js", "test/relocate.test.js"],
  "test/lab/arm64/arm64-suite.js",
];
process.exitCode = runTests(tests.map((file) => join(root, "dist", file)));
