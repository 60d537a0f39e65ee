// `npm run score -- --xen CLONE --base TAG --config FILE --fixes LIST`: sets up everything and holds the
// builder against real fixes.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
const command = join(root, "dist/test/score/score-main.js");
process.exitCode = run(process.execPath, [
  "--enable-source-maps",
  command,
  ...process.argv.slice(2),
]);
