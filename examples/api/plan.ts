// The steps to exactly the payloads given, and whether a fix is missing meanwhile. The host is one on
// paper here; openHost() of xsplice/hosts opens a real one.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { ModelHost } from "xsplice/hosts";
import { parsePayload } from "xsplice/payload";
import { factsOfPayload, makePlan, observeHost } from "xsplice/plan";
import { openHypervisor, XenModel } from "xsplice/xen-model";

const [symsPath = "xen-syms", ...paths] = process.argv.slice(2);
const payloads = paths.map((path) => ({
  source: path,
  name: basename(path, ".livepatch"),
  facts: factsOfPayload(parsePayload(readFileSync(path), path)),
}));
await using host = new ModelHost(XenModel.boot(openHypervisor(readFileSync(symsPath), symsPath)));
const { state } = await observeHost(host, payloads, { deadlineMs: 10_000 });
const planned = makePlan(state, { kind: "apply-exactly", payloads });
if (planned.kind === "plan") {
  for (const { action, name } of planned.plan.steps) console.log(`${action} ${name}`);
  console.log(`${planned.plan.missing.length} fixes are missing for a moment`);
} else for (const { problem } of planned.obstacles) console.log(problem);
