// `npm test`: sets up everything and runs all tests, those on real hypervisors included.
// `npm test -- fast`, `fuzz` and `lab` run one part; `npm test -- PATTERN` what matches it.

import { setUp } from "./setup.mjs";
import { fastTests, fuzzTests, labTests, prepareLabs, runTests } from "./tests.mjs";

setUp();
const [selection] = process.argv.slice(2);
const groups = { fast: fastTests(), fuzz: fuzzTests(), lab: labTests() };
const files = groups[selection] ?? Object.values(groups).flat();
const matching = [...Object.keys(groups), undefined].includes(selection)
  ? files
  : files.filter((file) => file.includes(selection));
if (matching.some((file) => labTests().includes(file))) prepareLabs();
process.exitCode = runTests(matching);
