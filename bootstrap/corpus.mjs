// `npm run test:build-corpus [-- NAME…]`: sets up everything, builds every patch of test/corpus/ (or
// those named) and applies what is built to a real Xen.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
const command = join(root, "dist/test/lab/build-corpus.js");
process.exitCode = run(process.execPath, [
  "--enable-source-maps",
  command,
  ...process.argv.slice(2),
]);
