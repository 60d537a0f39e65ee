// `npm run ok`: the gate that every change passes. Types, lint and format, then the tests that need
// no lab; among them those of the layers, the package and the examples in the docs.

import { join } from "node:path";
import { root, run, setUp } from "./setup.mjs";
import { fastTests, runTests } from "./tests.mjs";

setUp(); // compiles, so the types are checked
const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
const colors = process.stdout.isTTY ? [] : ["--colors=off"]; // else it colours a log file, too
const lint = run(process.execPath, [biome, "ci", ...colors, "."]);
process.exitCode = lint === 0 ? runTests(fastTests()) : lint;
