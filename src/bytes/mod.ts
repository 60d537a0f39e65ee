// Bounded reading and writing of bytes, and hex: what the layouts of xsplice/xen-abi are read with.

export type { Branded } from "./brand.ts";
export { ByteError, ByteReader } from "./byte-reader.ts";
export { ByteWriter } from "./byte-writer.ts";
export { HexError, hexNumber, parseHex, toHex } from "./hex.ts";
