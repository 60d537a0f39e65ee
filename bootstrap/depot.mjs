// `npm run test:depot [-- PIECE,…]`: every attack on a depot and its hosts, kill -9 at each step, one fix for several
// bases, two builders, and a depot for real Xens through reboots. It ends with
// `{"attacks","refused","rebootsSurvived","basesBuilt"}`. The pieces, for who has ten minutes at a time: attacks,
// matrix, 4.14, 4.17, 4.20.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, setUp } from "./setup.mjs";
import { prepareLabs, runTests } from "./tests.mjs";

const pieces = ["attacks", "matrix", "4.14", "4.17", "4.20"];
const wanted = (process.argv[2] ?? pieces.join(",")).split(",");
const unknown = wanted.find((piece) => !pieces.includes(piece));
if (unknown !== undefined) {
  process.stderr.write(`Cannot run the piece "${unknown}"\n  expected: ${pieces.join(", ")}\n`);
  process.exit(64);
}

setUp();
prepareLabs();
const folder = mkdtempSync(join(tmpdir(), "xsplice-tally-"));
const tally = join(folder, "tally");
process.env.XSPLICE_DEPOT_TALLY = tally;
process.env.XSPLICE_DEPOT_ON = wanted.join(",");
const isReal = wanted.some((piece) => piece !== "attacks");
const tests = [
  ...(wanted.includes("attacks") ? testsIn("dist/test/depot") : []),
  ...(wanted.includes("matrix")
    ? ["cli-matrix", "cli-rebuild"].map((name) => join(root, `dist/test/${name}.test.js`))
    : []),
  ...(isReal ? testsIn("dist/test/lab/depot") : []),
];
process.exitCode = runTests(tests);
const sum = { attacks: 0, refused: 0, rebootsSurvived: 0, basesBuilt: 0 };
const counted = existsSync(tally) ? readFileSync(tally, "utf8") : "";
for (const line of counted.split("\n")) {
  if (line === "") continue;
  for (const [name, count] of Object.entries(JSON.parse(line))) sum[name] += count;
}
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify(sum)}\n`);

function testsIn(place) {
  return readdirSync(join(root, place))
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => join(root, place, name));
}
