// `npm run test:atomic [-- RELEASE…]`: sets up everything and shows on real Xens that a replace is one
// step for whoever calls the hypervisor meanwhile.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
const command = join(root, "dist/test/lab/atomic-main.js");
process.exitCode = run(process.execPath, [
  "--enable-source-maps",
  command,
  ...process.argv.slice(2),
]);
