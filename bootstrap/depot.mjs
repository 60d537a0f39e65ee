// `npm run test:depot`: every attack on a depot and its hosts, kill -9 at each step, and a depot for real
// Xens through reboots. It ends with `{"attacks","refused","rebootsSurvived","basesBuilt"}`; the last is for xsplice matrix.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, setUp } from "./setup.mjs";
import { prepareLabs, runTests } from "./tests.mjs";

setUp();
prepareLabs();
const folder = mkdtempSync(join(tmpdir(), "xsplice-tally-"));
const tally = join(folder, "tally");
process.env.XSPLICE_DEPOT_TALLY = tally;
const tests = ["dist/test/depot", "dist/test/lab/depot"].flatMap((place) =>
  readdirSync(join(root, place))
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => join(root, place, name)),
);
process.exitCode = runTests(tests);
const sum = { attacks: 0, refused: 0, rebootsSurvived: 0, basesBuilt: 0 };
for (const line of readFileSync(tally, "utf8").split("\n")) {
  if (line === "") continue;
  for (const [name, count] of Object.entries(JSON.parse(line))) sum[name] += count;
}
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify(sum)}\n`);
