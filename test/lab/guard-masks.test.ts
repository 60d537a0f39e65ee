// What boot changes in the code of real hypervisors, against what guards leave out: every byte of
// Xen's text that differs between file and memory is one that guards know of.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { type CodeRange, findBootChanges, rangesWithin } from "../../src/guard/boot-changes.ts";
import { guardsFor } from "../../src/guard/guard.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { readXenSyms, type XenSyms } from "../../src/running/xen-syms.ts";
import { functionNamed } from "./guard-payloads.ts";
import { describeOnXen } from "./why-no-xen.ts";

interface Text extends CodeRange {
  readonly file: Uint8Array;
  readonly memory: Uint8Array;
}

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(release, `what boot changes in Xen ${release}`, () => {
    let xen: XenSyms;
    let text: Text;
    before(async () => {
      await using lab = await openLab({ xen: release });
      const { symbols } = lab.info;
      assert.ok(symbols);
      xen = readXenSyms(readFileSync(symbols), symbols);
      const [start, end] = ["_stext", "_etext"].map((name) => functionNamed(xen, name).address);
      assert.ok(start !== undefined && end !== undefined);
      const length = Number(end - start);
      const memory = await lab.readHypervisor(start, length);
      text = { start, end, file: xen.bytesAt(start, length), memory };
    });
    test("findBootChanges() knows every byte of the text that differs", () => {
      const unknown = differing(text).filter((at) => !isKnown(xen, at));
      assert.deepEqual(unknown.map(String), []);
    });
    test("findBootChanges() leaves out no more than about a hundredth of the text", () => {
      const changes = findBootChanges({ image: xen, release: xen.release });
      const within = rangesWithin(changes, text);
      const bytes = within.reduce((sum, range) => sum + Number(range.end - range.start), 0);
      assert.ok(differing(text).length > 1000, "boot changes something");
      assert.ok(bytes < text.file.length * 0.015, `${bytes} of ${text.file.length}`);
    });
    test("guardsFor() expects of every function what is in memory", () =>
      checkFunctions(xen, text));
  });
}

function differing({ start, file, memory }: Text): readonly bigint[] {
  const found: bigint[] = [];
  for (const [offset, byte] of file.entries()) {
    if (byte !== memory[offset]) found.push(start + BigInt(offset));
  }
  return found;
}

const known = new WeakMap<XenSyms, readonly CodeRange[]>();

function isKnown(xen: XenSyms, address: bigint): boolean {
  const changes = known.get(xen) ?? findBootChanges({ image: xen, release: xen.release });
  known.set(xen, changes);
  return rangesWithin(changes, { start: address, end: address + 1n }).length > 0;
}

/** Some dozens at a time: all of them are more than one payload carries. */
function checkFunctions(xen: XenSyms, { start, end, memory }: Text): void {
  const functions = [...xen.byName.values()].filter(
    ({ kind, address, sizeBytes }) =>
      kind === "function" && sizeBytes > 0 && start <= address && address < end,
  );
  assert.ok(functions.length > 3000);
  let compared = 0;
  for (let from = 0; from < functions.length; from += 50) {
    const part = functions.slice(from, from + 50).map(({ name, address, sizeBytes }) => {
      return { name, address, sizeBytes, role: "replaced", below: "hypervisor" } as const;
    });
    const request = { image: xen, release: xen.release, functions: part, level: "full" } as const;
    for (const { label, oldName, oldOffset, bytes } of guardsFor(request).guards) {
      const at = Number(functionNamed(xen, oldName).address - start) + oldOffset;
      assert.deepEqual(bytes, memory.slice(at, at + bytes.length), label);
      compared += bytes.length;
    }
  }
  assert.ok(compared > memory.length * 0.9, `${compared} of ${memory.length} bytes`);
}
