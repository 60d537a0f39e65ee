// `npm run test:killed-proofs`: sets up everything, and ends commands that run guests and proofs by ^C and by
// kill -9 in each of their phases. `npm test` does some of it.

import { join } from "node:path";
import { root, setUp } from "./setup.mjs";
import { prepareLabs, runTests } from "./tests.mjs";

setUp();
prepareLabs();
process.env.XSPLICE_KILLED_IN = "every phase";
process.exitCode = runTests([
  join(root, "dist/test/lab/prove/prove-killed.test.js"),
  join(root, "dist/test/lab/guest-killed.test.js"),
]);
