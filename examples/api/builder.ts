// From a source patch to a payload, or to every reason why there is none.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type BuildOptions, buildFix, onHypervisor, reportOf } from "xsplice/builder";

const [source = "xen", xenSyms = "xen-syms", config = "xen.config", patch = "fix.patch"] =
  process.argv.slice(2);
const options: BuildOptions = {
  inputs: {
    source,
    config: { name: config, text: readFileSync(config, "utf8") },
    xenSyms: { name: xenSyms, bytes: readFileSync(xenSyms) },
    patches: [{ name: patch, bytes: readFileSync(patch) }],
    hooks: [],
  },
  stacking: {
    foundation: onHypervisor,
    basePatches: [],
    mode: "stack",
    guard: undefined,
    previous: undefined,
  },
  allowed: { init: [], unsafe: [], layouts: [], freshData: [] },
  label: { title: undefined, metadata: [], toolVersion: "example", patches: "texts" },
  run: { compiler: undefined, jobs: availableParallelism() },
};
const fix = await buildFix(options);
const output = `${patch}.livepatch`;
const report = reportOf(fix, options, output);
for (const { name, why } of report.functions) console.log(`replaces ${name}: ${why[0]}`);
for (const { what, remedy } of report.refusals)
  console.log(`cannot be patched: ${what}; ${remedy}`);
if (fix.payload !== undefined) writeFileSync(output, fix.payload.bytes);
