// What Xen would say to a payload, and what stands at the entry of each function then: on paper.
import { readFileSync } from "node:fs";
import { hexNumber, toHex } from "xsplice/bytes";
import { openHypervisor, XenModel } from "xsplice/xen-model";

const [symsPath = "xen-syms", payloadPath = "fix.livepatch"] = process.argv.slice(2);
const model = XenModel.boot(openHypervisor(readFileSync(symsPath), symsPath));
const uploaded = model.upload("fix", readFileSync(payloadPath));
console.log(`upload: ${uploaded.kind}`);
if (uploaded.kind === "accepted") {
  const answer = model.act({ action: "apply", name: "fix", dependencyCheck: "whole-chain" });
  console.log(`apply: ${answer.kind}`);
  for (const { entry, oldAddress } of uploaded.payload.functions) {
    if (entry.newAddress === 0n) continue; // A guard: nothing is written.
    const read = model.read(oldAddress, 5);
    console.log(
      `${hexNumber(oldAddress)}: ${read.kind === "bytes" ? toHex(read.bytes) : read.kind}`,
    );
  }
}
for (const line of model.console) console.log(`console: ${line}`);
