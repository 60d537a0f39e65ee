/** The same memory as a Buffer. The view is kept: thousands of texts are read from one table. */
export function asBuffer(bytes: Uint8Array): Buffer {
  let buffer = buffers.get(bytes);
  if (buffer === undefined) {
    buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    buffers.set(bytes, buffer);
  }
  return buffer;
}

const buffers = new WeakMap<Uint8Array, Buffer>();
