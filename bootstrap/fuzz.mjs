// `npm run fuzz [-- --minutes N | --inputs N …]`: sets up everything and lets mutated payloads loose on
// all that reads payloads.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
const command = join(root, "dist/test/fuzz/fuzz-main.js");
process.exitCode = run(process.execPath, [
  "--enable-source-maps",
  command,
  ...process.argv.slice(2),
]);
