// `npm test`: sets up everything and runs all tests, those on real hypervisors included.
// `npm test -- fast` and `npm test -- lab` run one half; `npm test -- PATTERN` what matches it.

import { setUp } from "./setup.mjs";
import { fastTests, labTests, prepareLabs, runTests } from "./tests.mjs";

setUp();
const [selection] = process.argv.slice(2);
const files = { fast: fastTests(), lab: labTests() }[selection] ?? [...fastTests(), ...labTests()];
const matching = ["fast", "lab", undefined].includes(selection)
  ? files
  : files.filter((file) => file.includes(selection));
if (matching.some((file) => labTests().includes(file))) prepareLabs();
process.exitCode = runTests(matching);
