// How an agent can tell where a client begins, whatever the one before it left half sent: a client's
// frames go out with every ESCAPE in them marked as such, so that a beginning occurs nowhere else.

import { BEGIN, ESCAPE, ESCAPED } from "./wire.ts";

/** What a client sends before its first frame. */
export const BEGINNING: Uint8Array = Uint8Array.of(ESCAPE, BEGIN);

/** Frames as they travel to the agent; the very same bytes where there is nothing to escape. */
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
