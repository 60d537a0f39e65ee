// `npm run test:bases [-- OPTION…]`: sets up everything and tries xSplice on many hypervisors.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
const command = join(root, "dist/test/bases/bases-main.js");
process.exitCode = run(process.execPath, [
  "--enable-source-maps",
  command,
  ...process.argv.slice(2),
]);
