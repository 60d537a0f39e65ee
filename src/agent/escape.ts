// Lets an agent find where a client begins, even after an incomplete frame of an earlier client: a
// client escapes every ESCAPE in its frames, so that the mark of a beginning is unique.

import { BEGIN, ESCAPE, ESCAPED } from "./wire.ts";

/** Sent by a client before its first frame. */
export const BEGINNING: Uint8Array = Uint8Array.of(ESCAPE, BEGIN);

/** Frames as they are sent to the agent; unchanged if there is nothing to escape. */
export function escapeFrames(frames: Uint8Array): Uint8Array {
  let count = 0;
  for (let at = frames.indexOf(ESCAPE); at >= 0; at = frames.indexOf(ESCAPE, at + 1)) count++;
  if (count === 0) return frames;
  const escaped = new Uint8Array(frames.length + count);
  let from = 0;
  let to = 0;
  for (let at = frames.indexOf(ESCAPE); at >= 0; at = frames.indexOf(ESCAPE, from)) {
    escaped.set(frames.subarray(from, at + 1), to);
    to += at + 1 - from;
    escaped[to++] = ESCAPED;
    from = at + 1;
  }
  escaped.set(frames.subarray(from), to);
  return escaped;
}
