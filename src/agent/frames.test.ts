import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader } from "../bytes/byte-reader.ts";
import { AgentError } from "./errors.ts";
import { encodeFrame, FrameDecoder } from "./frames.ts";
import { encodeExec, encodeHypercall } from "./messages.ts";
import { FRAME_LENGTH_MAX, type Frame, FrameType } from "./wire.ts";

const frame = fc.record({
  channel: fc.nat({ max: 0xffff_ffff }),
  type: fc.constantFrom(...Object.values(FrameType)),
  payload: fc.uint8Array({ maxLength: 300 }),
});

/** Cuts `bytes` at the given places, whatever they are. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const bounds = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length];
  bounds.sort((left, right) => left - right);
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

test("FrameDecoder gives back every frame, in whatever pieces its bytes come", () => {
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat()), (records, places) => {
      const frames = records.map((record) => ({ ...record }));
      const stream = Buffer.concat(
        frames.map(({ channel, type, payload }) => encodeFrame(channel, type, payload)),
      );
      const decoder = new FrameDecoder();
      const decoded: Frame[] = cut(stream, places).flatMap((piece) => decoder.push(piece));
      assert.deepEqual(decoded, frames);
    }),
  );
});

test("FrameDecoder gives frames as soon as their last byte is there", () => {
  const bytes = encodeFrame(1, FrameType.STDOUT, Buffer.from("x"));
  const decoder = new FrameDecoder();
  const counts = [...bytes].map((byte) => decoder.push(Uint8Array.of(byte)).length);
  assert.deepEqual(counts, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

test("FrameDecoder refuses an impossible length before it waits for so many bytes", () => {
  for (const length of [0, 4, FRAME_LENGTH_MAX + 1, 0xffff_ffff]) {
    const bytes = Buffer.alloc(9);
    bytes.writeUInt32LE(length);
    assert.throws(() => new FrameDecoder().push(bytes), AgentError);
  }
});

test("encodeFrame() refuses a payload that no agent would take", () => {
  assert.throws(() => encodeFrame(1, FrameType.STDIN, new Uint8Array(FRAME_LENGTH_MAX)), {
    name: "AgentError",
  });
});

test("encodeHypercall() lays out what agent.c reads", () => {
  const payload = encodeHypercall({
    op: 35,
    args: [{ arenaOffset: 8 }, { value: 7n }],
    arena: Uint8Array.from({ length: 24 }, (_, index) => index),
    pointers: [{ at: 16, target: 24 }],
    outputLength: 4,
  });
  const reader = new ByteReader(payload, "HYPERCALL");
  assert.equal(reader.u64("op"), 35n);
  const args = Array.from({ length: 5 }, () => reader.u64("argument"));
  assert.deepEqual(args, [8n, 7n, 0n, 0n, 0n]);
  assert.deepEqual([reader.u8("mask"), reader.u32("outputs"), reader.u32("pointers")], [1, 4, 1]);
  assert.deepEqual([reader.u32("at"), reader.u32("target")], [16, 24]);
  assert.equal(reader.bytes("arena", reader.remaining).length, 24);
});

test("encodeHypercall() refuses offsets outside the arena", () => {
  const call = { op: 35, args: [], arena: new Uint8Array(16), pointers: [], outputLength: 0 };
  const refused = { name: "AgentError", message: /lies outside its 16 bytes/ };
  assert.throws(() => encodeHypercall({ ...call, outputLength: 17 }), refused);
  assert.throws(() => encodeHypercall({ ...call, args: [{ arenaOffset: 17 }] }), refused);
  assert.throws(() => encodeHypercall({ ...call, pointers: [{ at: 9, target: 0 }] }), refused);
  assert.throws(() => encodeHypercall({ ...call, pointers: [{ at: 8, target: 17 }] }), refused);
});

test("encodeExec() refuses what is no command", () => {
  assert.throws(() => encodeExec([]), { name: "AgentError" });
  assert.throws(() => encodeExec(["echo", "a\0b"]), { name: "AgentError" });
});
