// `npm run bench:NAME`: sets up everything and runs the measurement bench/NAME.ts.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";

setUp();
const [name = "", ...args] = process.argv.slice(2);
process.exitCode = run(process.execPath, [join(root, "dist/bench", `${name}.js`), ...args]);
