import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../bytes/hex.ts";
import { decodeKeeper, encodeKeeper, type KeeperShape } from "./x86-keeper.ts";
import { callClobbered } from "./x86-registers.ts";

test("encodeKeeper() saves each register and gives it back, in a frame of its own", () => {
  const { bytes, callField, returnField } = encodeKeeper({
    landing: "endbr64",
    registers: ["rcx", "r9"],
    returns: "thunk",
  });
  const parts = ["f30f1efa", "55", "4889e5", "51", "4151", "e800000000", "4159", "59", "5d"];
  assert.equal(toHex(bytes), [...parts, "e900000000", "cc"].join(""));
  assert.equal(callField, 12);
  assert.equal(returnField, 21);
});

test("encodeKeeper() leaves the stack aligned as it was", () => {
  for (let count = 1; count <= callClobbered.length; count++) {
    const registers = callClobbered.slice(0, count);
    const { bytes, callField } = encodeKeeper({ landing: "none", registers, returns: "ret" });
    // Behind push %rbp; mov %rsp,%rbp. Of r8 and up a push has a prefix.
    const pushes = [...bytes.subarray(4, callField - 1)].filter((byte) => byte !== 0x41);
    assert.equal(pushes.length % 2, 0, `${count} registers`);
    assert.ok(pushes.every((byte) => (byte & 0xf8) === 0x50));
  }
});

test("decodeKeeper() reads what encodeKeeper() makes, whatever its distances are", () => {
  for (const landing of ["endbr64", "none"] as const) {
    for (const returns of ["ret", "thunk"] as const) {
      for (let count = 1; count <= callClobbered.length; count++) {
        const shape: KeeperShape = { landing, registers: callClobbered.slice(0, count), returns };
        const made = encodeKeeper(shape);
        const memory = new Uint8Array(128).fill(0xcc);
        memory.set(made.bytes);
        memory.fill(0xff, made.callField, made.callField + 4);
        const found = decodeKeeper(memory);
        assert.deepEqual(found?.registers, shape.registers);
        assert.equal(found?.landing, landing);
        assert.equal(found?.returns, returns);
        assert.equal(found?.bytes.length, made.bytes.length);
        assert.equal(found?.callee, undefined, "it calls something in front of it");
      }
    }
  }
});

test("decodeKeeper() tells where the function is that lies behind the keeper", () => {
  const made = encodeKeeper({ landing: "none", registers: ["r9"], returns: "ret" });
  const memory = new Uint8Array(80).fill(0xcc);
  memory.set(made.bytes);
  new DataView(memory.buffer).setInt32(made.callField, 64 - made.callField - 4, true);
  assert.equal(decodeKeeper(memory)?.callee, 64);
});

test("decodeKeeper() takes no other code for a keeper, and none that is cut or changed", () => {
  const { bytes, callField } = encodeKeeper({
    landing: "none",
    registers: ["rdi"],
    returns: "ret",
  });
  assert.equal(decodeKeeper(new Uint8Array()), undefined);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeKeeper(bytes.subarray(0, length)), undefined, `${length} bytes`);
  }
  for (let at = 0; at < bytes.length; at++) {
    if (callField <= at && at < callField + 4) continue;
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0x80;
    assert.equal(decodeKeeper(changed), undefined, `byte ${at}`);
  }
});
