// What payload files replace, what they depend on and what is wrong with them; 1 when something is.
import { readFileSync } from "node:fs";
import { inspectPayload, readStackingFacts } from "xsplice/payload";

for (const path of process.argv.slice(2)) {
  const { contents, findings } = inspectPayload(readFileSync(path), path);
  const { functions = [], metadata = [], depends } = contents;
  const replaced = functions.filter(({ kind }) => kind === "replace").map(({ name }) => name);
  console.log(`${path}: ${readStackingFacts(metadata).mode ?? "of no known mode"}`);
  console.log(`  replaces ${replaced.join(", ")}, on top of ${depends?.slice(0, 12)}`);
  for (const { severity, report } of findings) console.log(`  ${severity}: ${report.problem}`);
  if (findings.some(({ severity }) => severity === "error")) process.exitCode = 1;
}
