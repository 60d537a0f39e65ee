// `npm run simulate:fleet [-- --seeds N --from N | --seed N]`: sets up everything and lets storms of mishaps
// loose on a fleet.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
const command = join(root, "dist/test/fleet/simulate-main.js");
process.exitCode = run(process.execPath, [
  "--enable-source-maps",
  command,
  ...process.argv.slice(2),
]);
