// `npm run ok`: the gate that every change passes. Types, lint and format, nothing unused, then the
// tests that need no lab; among them those of the layers, the package and the examples in the docs.
// `npm run ok -- checks` leaves the tests to `npm test`.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";
import { fastTests, runTests } from "./tests.mjs";

setUp(); // compiles, so the types are checked
const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
const colors = process.stdout.isTTY ? [] : ["--colors=off"]; // else it colours a log file, too
// Files, exports and dependencies that nothing uses. The package's own exports are used by others.
const knip = join(root, "node_modules/knip/bin/knip.js");
const checks = [
  [biome, "ci", ...colors, "."],
  [knip, "--no-progress", "--cache", "--cache-location", join(root, "dist/knip-cache")],
];
const failed = checks.map((check) => run(process.execPath, check)).find((code) => code !== 0);
const onlyChecks = process.argv[2] === "checks";
process.exitCode = failed ?? (onlyChecks ? 0 : runTests(fastTests()));
