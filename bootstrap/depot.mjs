// `npm run test:depot`: every attack on a depot and its hosts, and kill -9 at each step. It ends with
// `{"attacks","refused","rebootsSurvived","basesBuilt"}`; the last two are counted once there are tests on real Xens.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, setUp } from "./setup.mjs";
import { runTests } from "./tests.mjs";

setUp();
const folder = mkdtempSync(join(tmpdir(), "xsplice-tally-"));
const tally = join(folder, "tally");
process.env.XSPLICE_DEPOT_TALLY = tally;
const tests = readdirSync(join(root, "dist/test/depot"))
  .filter((name) => name.endsWith(".test.js"))
  .map((name) => join(root, "dist/test/depot", name));
process.exitCode = runTests(tests);
const sum = { attacks: 0, refused: 0, rebootsSurvived: 0, basesBuilt: 0 };
for (const line of readFileSync(tally, "utf8").split("\n")) {
  if (line === "") continue;
  for (const [name, count] of Object.entries(JSON.parse(line))) sum[name] += count;
}
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify(sum)}\n`);
