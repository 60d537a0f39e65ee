// Frames and bytes: the outermost layer of the protocol (wire.ts).

import { ByteWriter } from "../bytes/byte-writer.ts";
import { AgentError } from "./errors.ts";
import {
  FRAME_HEADER_SIZE,
  FRAME_LENGTH_MAX,
  FRAME_LENGTH_MIN,
  type Frame,
  type FrameType,
} from "./wire.ts";

/** @throws AgentError agent/bad-request when the payload is too long for a frame */
export function encodeFrame(channel: number, type: FrameType, payload: Uint8Array): Uint8Array {
  const length = FRAME_LENGTH_MIN + payload.length;
  if (length > FRAME_LENGTH_MAX) {
    throw new AgentError({
      code: "agent/bad-request",
      problem: `Cannot send ${payload.length} bytes to the agent: they do not fit a frame`,
      expected: `at most ${FRAME_LENGTH_MAX - FRAME_LENGTH_MIN} bytes`,
    });
  }
  const writer = new ByteWriter(FRAME_HEADER_SIZE + payload.length);
  return writer.u32(length).u32(channel).u8(type).bytes(payload).toBytes();
}

/** Takes bytes in pieces of any size, returns frames. */
export class FrameDecoder {
  #held = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /**
   * The frames that `bytes` completes. Their payloads are copies.
   * @throws AgentError agent/protocol when a length is impossible
   */
  push(bytes: Uint8Array): Frame[] {
    this.#append(bytes);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    const available = this.#end - this.#start;
    if (available < FRAME_HEADER_SIZE) return undefined;
    const view = new DataView(this.#held.buffer, this.#start, available);
    const length = view.getUint32(0, true);
    if (length < FRAME_LENGTH_MIN || length > FRAME_LENGTH_MAX) throw impossibleLength(length);
    if (available < 4 + length) return undefined;
    const payloadStart = this.#start + FRAME_HEADER_SIZE;
    this.#start += 4 + length;
    return {
      channel: view.getUint32(4, true),
      type: view.getUint8(8),
      payload: this.#held.slice(payloadStart, this.#start),
    };
  }

  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#held.length) {
      const available = this.#end - this.#start;
      const needed = available + bytes.length;
      // Twice the needed size, so that a long frame in small pieces is copied only a few times.
      const room = new Uint8Array(needed > this.#held.length / 2 ? needed * 2 : this.#held.length);
      room.set(this.#held.subarray(this.#start, this.#end));
      this.#held = room;
      this.#start = 0;
      this.#end = available;
    }
    this.#held.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}

function impossibleLength(length: number): AgentError {
  return new AgentError({
    code: "agent/protocol",
    problem: `Cannot read from the agent: a frame says that it is ${length} bytes long`,
    expected: `${FRAME_LENGTH_MIN} to ${FRAME_LENGTH_MAX} bytes; is this an agent?`,
  });
}
