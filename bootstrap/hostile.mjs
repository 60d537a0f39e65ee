// `npm run test:hostile`: every attack of docs/security.md, played. The page names the tests; the output
// ends with `{"attacks","held","gave"}`. A row whose test is not there does not hold; one that is skipped here, for a
// reason that is printed, is not counted.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { root, setUp } from "./setup.mjs";

const ROW = /`([^`]+)`, \[[^\]]+\]\(\.\.\/([^)]+)\.test\.ts\) \|$/gm;

setUp();
const page = readFileSync(join(root, "docs/security.md"), "utf8");
const rows = [...page.matchAll(ROW)].map(([, name, file]) => {
  return { name, file: join(root, "dist", `${file}.test.js`), results: [] };
});
const files = [...new Set(rows.map(({ file }) => file))];
const stream = run({ files, testNamePatterns: rows.map(({ name }) => new RegExp(escaped(name))) });
for (const event of ["test:pass", "test:fail"]) {
  stream.on(event, ({ name, skip }) => {
    const result = skip === undefined ? event : "skipped";
    for (const row of rows) if (name.includes(row.name)) row.results.push(result);
  });
}
for await (const text of stream.compose(new spec())) process.stdout.write(text);
const played = rows.filter(
  ({ results }) => !results.every((one) => one === "skipped") || results.length === 0,
);
const gave = played.filter(
  ({ results }) => !results.includes("test:pass") || results.includes("test:fail"),
);
for (const { name } of rows.filter((row) => !played.includes(row)))
  process.stdout.write(`not played here: ${name}\n`);
for (const { name } of gave) process.stdout.write(`gave: ${name}\n`);
const count = { attacks: played.length, held: played.length - gave.length, gave: gave.length };
process.stdout.write(`${JSON.stringify(count)}\n`);
process.exitCode = gave.length === 0 ? 0 : 1;

function escaped(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
