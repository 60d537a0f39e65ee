// AArch64, held by bytes (ABI reference §2.10, §5.4); `npm run test:arm64` plays it beside a real Xen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex, toHex } from "../bytes/hex.ts";
import { ElfType, Machine } from "../elf/constants.ts";
import { encodeBuildIdNote } from "../xen-abi/build-id-note.ts";
import { makeElf } from "./hand-made-elf.test.support.ts";
import { openHypervisor } from "./hypervisor.ts";
import { XenModel } from "./model.ts";
import { type SyntheticEntry, syntheticPayloadParts, XEN_ID } from "./synthetic.test.support.ts";

const TEXT = 0xa0000200000n;
const R_AARCH64_ABS64 = 257;
const machine = Machine.EM_AARCH64;

test("XenModel splices a branch on AArch64, and puts the old word back", () => {
  const model = armModel();
  assert.equal(upload(model, { old: "alpha", by: "a_alpha" }).kind, "accepted");
  assert.equal(act(model, "apply"), "done");
  // From 0xa0000200000 to behind the first page of the payload window, 0xa0001001000: 0xe01000 bytes, in words.
  assert.equal(wordsAt(model, TEXT), "000438141f2003d5");
  assert.equal(act(model, "revert"), "done");
  assert.equal(wordsAt(model, TEXT), "1f2003d51f2003d5");
});

test("XenModel blanks whole instructions only on AArch64", () => {
  const odd = upload(armModel(), { old: "alpha", by: { nopBytes: 6 } });
  assert.equal(odd.kind === "refused" && odd.step, "functions/size");
  const model = armModel();
  upload(model, { old: "beta", by: { nopBytes: 4 } });
  act(model, "apply");
  assert.equal(wordsAt(model, TEXT + 0x40n), "1f2003d5c0035fd6");
});

test("XenModel knows that AArch64 patches nothing outside of the hypervisor's image", () => {
  const model = armModel();
  const own = { name: ".text.own", flags: "AX", bytes: new Uint8Array(8), alignment: 4n };
  const symbol = { name: "own_code", section: ".text.own" };
  upload(model, { old: "alpha", by: "a_alpha" }, "low", { sections: [own], symbols: [symbol] });
  upload(model, { old: "own_code", by: { nopBytes: 4 } }, "a");
  assert.equal(act(model, "apply"), "outside-image");
});

test("openHypervisor() wants to be told the release of an image that does not tell it", () => {
  assert.throws(() => openHypervisor(armXenSyms(), "arm"), /does not contain its release/);
});

function armXenSyms(): Uint8Array {
  const text = new Uint8Array(0x1000);
  for (let at = 0; at < text.length; at += 4) text.set(parseHex("1f2003d5"), at);
  text.set(parseHex("c0035fd6c0035fd6"), 0x40);
  return makeElf({
    type: ElfType.ET_EXEC,
    machine,
    sections: [
      { name: ".text", flags: "AX", bytes: text, address: TEXT },
      {
        name: ".note.gnu.build-id",
        flags: "A",
        address: TEXT + 0x1000n,
        bytes: encodeBuildIdNote(parseHex(XEN_ID)),
      },
    ],
    symbols: [
      { name: "alpha", section: ".text", value: TEXT, size: 0x40n },
      { name: "beta", section: ".text", value: TEXT + 0x40n, size: 0x40n },
    ],
  });
}

function armModel(): XenModel {
  return XenModel.boot(openHypervisor(armXenSyms(), "arm", { release: "4.20.0" }));
}

function upload(
  model: XenModel,
  entry: SyntheticEntry,
  name = "a",
  more: Parameters<typeof syntheticPayloadParts>[0]["more"] = {},
): ReturnType<XenModel["upload"]> {
  const id = name === "a" ? "01" : "02";
  const { sections, symbols } = syntheticPayloadParts({ id, entries: [entry], more });
  const ofArm = sections.map((section) => {
    if (section.relocations === undefined) return section;
    const relocations = section.relocations.map((other) => ({ ...other, type: R_AARCH64_ABS64 }));
    return { ...section, relocations };
  });
  return model.upload(name, makeElf({ machine, sections: ofArm, symbols }));
}

function act(model: XenModel, action: "apply" | "revert"): string {
  const answer = model.act({ action, name: "a", dependencyCheck: "whole-chain" });
  return answer.kind === "crash" ? answer.trap : answer.kind;
}

function wordsAt(model: XenModel, address: bigint): string {
  const found = model.read(address, 8);
  return found.kind === "bytes" ? toHex(found.bytes) : found.kind;
}
