// Reads what is not a plain file (a pipe, as a shell makes for `<(…)`; a device) to its end, or to the
// limit: nobody knows beforehand how much comes.

import { constants, createReadStream, open } from "node:fs";
import { Socket } from "node:net";
import { addAbortSignal, type Readable } from "node:stream";
import { promisify } from "node:util";

/** `undefined` when more than `sizeMax` bytes come. @throws the system's error; the signal's reason */
export async function readPipe(
  path: string,
  kind: "pipe" | "device",
  { sizeMax, signal }: { readonly sizeMax: number; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array | undefined> {
  const stream = kind === "pipe" ? await openPipe(path) : createReadStream(path);
  if (signal !== undefined) addAbortSignal(signal, stream);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > sizeMax) return undefined;
      chunks.push(chunk);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Without waiting for a writer in the kernel, where neither ^C nor the end of Node could stop it. */
async function openPipe(path: string): Promise<Readable> {
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}
