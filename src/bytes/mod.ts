// Bounded reading and writing of bytes, and hexadecimal text; used to read the layouts of
// xsplice/xen-abi.

export type { Branded } from "./brand.ts";
export { ByteError, ByteReader } from "./byte-reader.ts";
export { ByteWriter } from "./byte-writer.ts";
export { HexError, hexNumber, parseHex, toHex } from "./hex.ts";
