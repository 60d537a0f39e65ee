// Determines the release of a xen-syms file. The file has no text with it, but Xen has two functions
// that return it as constants and one that returns a string; their code is read.

import { ByteReader } from "../bytes/byte-reader.ts";
import type { Architecture } from "../isa/architecture.ts";
import { startsWithEndbr64 } from "../isa/endbr64.ts";
import { parseRelease, type Release, ReleaseError } from "../xen-abi/release.ts";

/** Instructions looked at, in bytes; an ENDBR64 and one instruction fit easily. */
const CODE_SIZE = 12;
/** XENVER_extraversion gives 16 bytes. */
const EXTRA_VERSION_SIZE = 16;

type Code = { readonly address: bigint; readonly bytes: Uint8Array };

/** `undefined` when the code is not in the form that compilers emit. */
export function readRelease(
  architecture: Architecture,
  symbols: ReadonlyMap<string, { readonly address: bigint }>,
  bytesAt: (address: bigint, length: number) => Uint8Array,
): Release | undefined {
  const codeOf = (name: string): Code | undefined => {
    const address = symbols.get(name)?.address;
    return address === undefined
      ? undefined
      : skipEndbr({ address, bytes: bytesAt(address, CODE_SIZE) });
  };
  const { constant, pointer } = architecture === "x86_64" ? x86 : aarch64;
  const [major, minor, extra] = [
    constant(codeOf("xen_major_version")),
    constant(codeOf("xen_minor_version")),
    pointer(codeOf("xen_extra_version")),
  ];
  if (major === undefined || minor === undefined || extra === undefined) return undefined;
  const text = new TextDecoder().decode(bytesAt(extra, EXTRA_VERSION_SIZE)).split("\0")[0];
  try {
    return parseRelease(`${major}.${minor}${text}`);
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}

function skipEndbr({ address, bytes }: Code): Code {
  if (!startsWithEndbr64(bytes)) return { address, bytes };
  return { address: address + 4n, bytes: bytes.subarray(4) };
}

interface ReturnForms {
  /** The result of a function that only returns a number. */
  readonly constant: (code: Code | undefined) => number | undefined;
  /** The same for an address. */
  readonly pointer: (code: Code | undefined) => bigint | undefined;
}

const x86: ReturnForms = {
  // b8 imm32: mov $imm, %eax
  constant: (code) => {
    if (code?.bytes[0] !== 0xb8) return undefined;
    const reader = new ByteReader(code.bytes.subarray(1), "xen_major_version");
    return reader.u32("imm32");
  },
  // 48 8d 05 disp32: lea disp(%rip), %rax
  pointer: (code) => {
    if (code === undefined) return undefined;
    const reader = new ByteReader(code.bytes, "xen_extra_version");
    const opcode = reader.bytes("opcode", 3);
    if (opcode[0] !== 0x48 || opcode[1] !== 0x8d || opcode[2] !== 0x05) return undefined;
    const displacement = reader.i32("disp32");
    return code.address + BigInt(reader.offset + displacement);
  },
};

const aarch64: ReturnForms = {
  // movz w0, #imm16
  constant: (code) => {
    if (code === undefined) return undefined;
    const word = new ByteReader(code.bytes, "xen_major_version").u32("instruction");
    return (word & 0xffe0001f) >>> 0 === 0x52800000 ? (word >>> 5) & 0xffff : undefined;
  },
  // adrp x0, page; add x0, x0, #offset
  pointer: (code) => {
    if (code === undefined) return undefined;
    const reader = new ByteReader(code.bytes, "xen_extra_version");
    const [adrp, add] = [reader.u32("adrp"), reader.u32("add")];
    if ((adrp & 0x9f00001f) >>> 0 !== 0x90000000) return undefined;
    if ((add & 0xffc003ff) >>> 0 !== 0x91000000) return undefined;
    const pages = (((adrp << 8) >> 13) << 2) | ((adrp >>> 29) & 3);
    return (code.address & ~0xfffn) + BigInt(pages) * 4096n + BigInt((add >>> 10) & 0xfff);
  },
};
