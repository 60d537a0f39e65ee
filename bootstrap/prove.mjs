// `npm run prove [-- --only TRIGGER --source FOLDER --xen-syms FILE --config FILE --image FILE --name TEXT]`: sets up
// everything and plays all triggers.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
const command = join(root, "dist/test/prove/prove-main.js");
process.exitCode = run(process.execPath, [
  "--enable-source-maps",
  command,
  ...process.argv.slice(2),
]);
