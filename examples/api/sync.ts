// Brings a host to exactly the payloads given; a step that fails is undone. The host is one on paper
// here; openHost() of xsplice/hosts opens a real one.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelHost } from "xsplice/hosts";
import { parsePayload } from "xsplice/payload";
import { factsOfPayload, JournalledHost } from "xsplice/plan";
import { syncHost } from "xsplice/sync";
import { openHypervisor, XenModel } from "xsplice/xen-model";

const [symsPath = "xen-syms", ...paths] = process.argv.slice(2);
const hypervisor = openHypervisor(readFileSync(symsPath), symsPath);
const files = paths.map((source) => {
  const [bytes, name] = [readFileSync(source), basename(source, ".livepatch")];
  const payload = parsePayload(bytes, source);
  return { source, name, bytes, payload, facts: factsOfPayload(payload) };
});
const on = JournalledHost.around(new ModelHost(XenModel.boot(hypervisor)), {
  now: () => new Date(),
  factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
  onTrouble: (error) => console.log(`the order of payloads is not written down: ${error}`),
  onSetAside: (place) => console.log(`an unreadable journal lies in ${place} now`),
});
const wish = { kind: "apply-exactly", payloads: files } as const;
const request = { goal: { kind: "wish", wish, options: {} }, files, hypervisor } as const;
const { outcome, failure } = await syncHost(on, request, {
  deadlineMs: 30_000,
  quiesceMs: 30,
  signal: undefined,
  onPlan: ({ steps }) => console.log(`${steps.length} steps`),
  onStep: ({ phase, step }) => console.log(`${phase}: ${step.action} ${step.name}`),
  pause: () => sleep(100),
});
console.log(failure === undefined ? outcome : `${outcome}: ${failure.problem}`);
