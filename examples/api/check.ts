// In a build's pipeline: 1 when Xen would refuse a payload, or take it and come to harm.
import { readFileSync } from "node:fs";
import { checkPayloads, describeRule } from "xsplice/check";
import { openHypervisor } from "xsplice/xen-model";

const [symsPath = "xen-syms", ...paths] = process.argv.slice(2);
const report = checkPayloads({
  hypervisor: openHypervisor(readFileSync(symsPath), symsPath),
  payloads: paths.map((path) => ({ name: path, source: path, bytes: readFileSync(path) })),
  action: "apply",
  dependencyCheck: "whole-chain",
  allowed: [],
});
for (const { source, verdict, hazards } of report.payloads) {
  const said = verdict.kind === "accepted" ? "Xen takes it" : `${verdict.at}: ${verdict.words}`;
  console.log(`${source}: ${said}`);
  for (const { rule, problem } of hazards)
    console.log(`  ${problem}; ${describeRule(rule).remedy}`);
}
if (report.outcome !== "clean") process.exitCode = 1;
