// Do two builds of a payload do the same? Says what differs, function by function; 1 when anything does.
import { readFileSync } from "node:fs";
import { comparePayloads, describeComparison } from "xsplice/dissect";

const [before = "old.livepatch", after = "new.livepatch"] = process.argv.slice(2);
const comparison = comparePayloads(
  { source: before, bytes: readFileSync(before) },
  { source: after, bytes: readFileSync(after) },
);
for (const { name, change, reasons } of comparison.functions) {
  if (change !== "equal") console.log(`${name} ${change}: ${reasons.join("; ")}`);
}
if (process.env["VERBOSE"]) console.log(describeComparison(comparison));
process.exitCode = comparison.outcome === "different" ? 1 : 0;
