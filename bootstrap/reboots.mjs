// `npm run test:reboots [-- RELEASE,…]`: sets up everything and plays `xsplice boot` through reboots of real Xens
// without a shutdown, on 4.14, 4.17 and 4.20 unless told otherwise. `npm test` does that on one of them.

import { join } from "node:path";
import { root, setUp } from "./setup.mjs";
import { prepareLabs, runTests } from "./tests.mjs";

setUp();
prepareLabs();
process.env.XSPLICE_REBOOTS_ON = process.argv[2] ?? "4.14,4.17,4.20";
process.exitCode = runTests([join(root, "dist/test/lab/boot.test.js")]);
