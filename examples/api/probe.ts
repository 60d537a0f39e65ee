// Is a host's code what a payload expects, with others applied? Xen compares, and nothing is changed.
// The host is one on paper here; openHost() of xsplice/hosts opens a real one.
import { readFileSync } from "node:fs";
import { ModelHost } from "xsplice/hosts";
import { parsePayload } from "xsplice/payload";
import { describeDifference, probeHost } from "xsplice/probe";
import { openHypervisor, XenModel } from "xsplice/xen-model";

const [symsPath = "xen-syms", path = "fix.livepatch", ...applied] = process.argv.slice(2);
await using host = new ModelHost(XenModel.boot(openHypervisor(readFileSync(symsPath), symsPath)));
const options = { deadlineMs: 10_000, quiesceMs: 30, dependencyCheck: "whole-chain" } as const;
for (const name of applied) {
  await host.upload(name, readFileSync(name));
  await host.act("apply", name, options);
}
const payload = parsePayload(readFileSync(path), path);
const result = await probeHost(host, { payload, purpose: "apply" }, options);
console.log(result.kind);
for (const difference of result.kind === "different" ? result.differences : []) {
  for (const line of describeDifference(difference, payload.architecture)) console.log(line);
}
