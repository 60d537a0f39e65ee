// `npm run test:depot`: every attack on a depot and its hosts, kill -9 at each step, and depots for real Xens in
// the lab. It ends with `{"attacks","refused","rebootsSurvived","basesBuilt"}`.

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
const tests = ["dist/test/depot", "dist/test/lab/depot"].flatMap((place) => {
  const names = readdirSync(join(root, place)).filter((name) => name.endsWith(".test.js"));
  return names.map((name) => join(root, place, name));
});
process.exitCode = runTests(tests);
const sum = { attacks: 0, refused: 0, rebootsSurvived: 0, basesBuilt: 0 };
for (const line of readFileSync(tally, "utf8").split("\n")) {
  if (line === "") continue;
  for (const [name, count] of Object.entries(JSON.parse(line))) sum[name] += count;
}
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify(sum)}\n`);
