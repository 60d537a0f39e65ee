// `npm run test:arm64`: sets up everything, builds a Xen for arm64 once, and tries payloads on it in a lab.
// `npm test` does not: what this fetches and builds takes minutes.

import { join } from "node:path";
import { root, setUp } from "./setup.mjs";
import { runTests } from "./tests.mjs";

setUp();
process.exitCode = runTests([join(root, "dist/test/lab/arm64/arm64-suite.js")]);
