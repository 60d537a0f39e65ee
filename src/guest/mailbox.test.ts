import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { shareFile } from "../lab/share-file.ts";
import {
  IMAGE_ADDRESS,
  MAILBOX_ADDRESS,
  MAILBOX_SIZE,
  newText,
  readMailbox,
  TEXT_ADDRESS,
  TEXT_SIZE,
} from "./mailbox.ts";

test("the addresses are those of share/guest/guest.h", () => {
  const header = readFileSync(shareFile("guest/guest.h"), "utf8");
  const numbers = { MAILBOX_ADDRESS, TEXT_ADDRESS, TEXT_SIZE, IMAGE_ADDRESS };
  for (const [name, value] of Object.entries(numbers)) {
    assert.ok(header.includes(`${name} = 0x${value.toString(16)},`), name);
  }
  const script = readFileSync(shareFile("guest/guest.ld"), "utf8");
  assert.ok(script.includes(`. = 0x${IMAGE_ADDRESS.toString(16)};`));
});

function mailbox(finished: number): Uint8Array {
  const out = new ByteWriter().u32(0x4b535058).u32(finished).i32(-1).u32(12).u64(5n);
  return out.u64(2_000_000n).u64(0n).u32(1_000_000).u32(0).toBytes();
}

test("readMailbox() tells the exit code only of who has finished", () => {
  assert.equal(mailbox(0).length, MAILBOX_SIZE);
  assert.deepEqual(readMailbox(mailbox(0)), {
    exitCode: undefined,
    written: 12,
    count: 5n,
    longestGapMs: 2,
  });
  assert.equal(readMailbox(mailbox(1))?.exitCode, -1);
  assert.equal(readMailbox(new Uint8Array(MAILBOX_SIZE)), undefined);
});

test("newText() reads round the ring's end, and counts what was overwritten", () => {
  const ring = new Uint8Array(TEXT_SIZE).fill(0x2e);
  ring.set(Buffer.from("he"), TEXT_SIZE - 2);
  ring.set(Buffer.from("llo"), 0);
  assert.deepEqual(newText(ring, TEXT_SIZE - 2, TEXT_SIZE + 3), { text: "hello", lostBytes: 0 });
  assert.equal(newText(ring, 0, TEXT_SIZE + 3).lostBytes, 3);
  assert.deepEqual(newText(ring, 0xffff_fffe, 3), { text: "hello", lostBytes: 0 });
});
