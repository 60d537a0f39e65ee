import assert from "node:assert/strict";
import { test } from "node:test";
import { openHypervisor } from "./hypervisor.ts";
import { XenModel } from "./model.ts";
import {
  type SyntheticPayload,
  syntheticPayload,
  syntheticXenSyms,
  TEXT_START,
} from "./synthetic.test.support.ts";

const MESSAGES = TEXT_START + 0x5000n;
const PRINTER = TEXT_START + 0x7000n;
const DUPLICATE = "\u00013%s: duplicate new symbol: %s\n";

/** @param error what the code beside the message loads */
function hypervisorWith(
  release: string,
  { texts, error }: { texts: readonly string[]; error: number },
) {
  const messages = Buffer.from(`first\0${texts.join("\0")}\0`, "latin1");
  const code = Buffer.alloc(64, 0x90);
  // lea message(%rip), %r14; mov $error, %ebp
  code.set([0x4c, 0x8d, 0x35]);
  code.writeInt32LE(Number(MESSAGES - PRINTER) + "first\0".length - 7, 3);
  code.set([0xbd], 7);
  code.writeInt32LE(error, 8);
  const sections = [
    { name: ".rodata.messages", flags: "A", bytes: messages, address: MESSAGES },
    { name: ".text.printer", flags: "AX", bytes: code, address: PRINTER },
  ];
  return (options = {}) =>
    openHypervisor(syntheticXenSyms(release, { sections }), "synthetic", options);
}

const EARLY = "%s: unable to get running Xen build-id: %d\n";

test("featuresOfImage() believes the image's messages more than the number of its release", () => {
  const early = "early-build-id-check";
  const older = hypervisorWith("4.17.6", { texts: [DUPLICATE, EARLY], error: -17 });
  assert.ok(older().features.has(early), "a vendor brought it to an older release");
  assert.ok(!older({ release: "4.17.6" }).features.has(early), "asked for a release by number");
  const newer = hypervisorWith("4.20.0", { texts: [DUPLICATE], error: -17 });
  assert.ok(!newer().features.has(early), "a release candidate from before it");
  const silent = hypervisorWith("4.20.0", { texts: ["of something else"], error: -17 });
  assert.ok(silent().features.has(early), "an image without messages of live patching");
});

test("takesDuplicateSymbols() is true where the code beside the message has no -EEXIST", () => {
  const texts = [DUPLICATE];
  assert.equal(hypervisorWith("4.17.6", { texts, error: -17 })().takesDuplicateSymbols(), false);
  assert.equal(hypervisorWith("4.17.6", { texts, error: 0 })().takesDuplicateSymbols(), true);
  const silent = hypervisorWith("4.17.6", { texts: ["of something else"], error: 0 });
  assert.equal(silent().takesDuplicateSymbols(), false, "no message, no knowledge");
});

test("XenModel of such a hypervisor takes a name twice, and binds to the first that is loaded", () => {
  const xen = hypervisorWith("4.17.6", { texts: [DUPLICATE], error: 0 })();
  const model = XenModel.boot(xen);
  const more = {
    sections: [{ name: ".rodata.own", flags: "A", bytes: new Uint8Array(8) }],
    symbols: [{ name: "a_table", section: ".rodata.own" }],
  };
  const user = { symbols: [{ name: "a_table", section: 0 }] };
  const entries = [{ old: "beta", by: "b_beta" }];
  const answer = (name: string, payload: SyntheticPayload) =>
    model.upload(name, syntheticPayload(payload)).kind;
  const unload = (name: string) =>
    model.act({ action: "unload", name, dependencyCheck: "whole-chain" }).kind;
  assert.equal(answer("a", { id: "01", entries, more }), "accepted");
  assert.equal(answer("b", { id: "02", entries, more }), "accepted");
  unload("a");
  assert.equal(answer("c", { id: "03", entries, more: user }), "accepted", "b has it still");
  unload("b");
  assert.equal(answer("d", { id: "04", entries, more: user }), "refused");
});
