// `npm start`: sets up everything and runs the tour on a real Xen.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
process.exitCode = run(process.execPath, [
  join(root, "dist/bundle/cli/main.js"),
  "demo",
  ...process.argv.slice(2),
]);
