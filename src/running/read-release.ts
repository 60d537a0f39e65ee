// Determines the release of a xen-syms file. The file has no text with it, but Xen has two functions
// that return it as constants and one that returns a string; their code is read.

import { ByteReader } from "../bytes/byte-reader.ts";
import type { Architecture } from "../isa/architecture.ts";
import { startsWithEndbr64 } from "../isa/endbr64.ts";
import { parseRelease, type Release, ReleaseError } from "../xen-abi/release.ts";

/** Instructions looked at, in bytes: an ENDBR64, the frame pointer of a debug build, and one instruction. */
const CODE_SIZE = 16;
/** XENVER_extraversion gives 16 bytes; a vendor's text may be longer. */
const EXTRA_VERSION_SIZE_MAX = 64;

/** What of a hypervisor is looked at. */
export interface VersionedImage {
  readonly architecture: Architecture;
  readonly addressOf: (symbol: string) => bigint | undefined;
  readonly bytesAt: (address: bigint, length: number) => Uint8Array;
}

type Code = { readonly address: bigint; readonly bytes: Uint8Array };

/** `undefined` when the code is not in the form that compilers emit. */
export function readRelease(image: VersionedImage): Release | undefined {
  const { constant } = formsOf(image);
  const [major, minor, text] = [
    constant(codeOf(image, "xen_major_version")),
    constant(codeOf(image, "xen_minor_version")),
    readExtraVersion(image),
  ];
  if (major === undefined || minor === undefined || text === undefined) return undefined;
  try {
    return parseRelease(`${major}.${minor}${text}`);
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}

/** What follows the release's number: ".5", or ".6-2" of a vendor's 4.17.6-2; undefined as above. */
export function readExtraVersion(image: VersionedImage): string | undefined {
  const place = formsOf(image).pointer(codeOf(image, "xen_extra_version"));
  if (place === undefined) return undefined;
  const bytes: number[] = [];
  for (let at = place; bytes.length < EXTRA_VERSION_SIZE_MAX; at++) {
    const [byte = 0] = image.bytesAt(at, 1);
    if (byte === 0) break;
    bytes.push(byte);
  }
  return String.fromCharCode(...bytes);
}

function formsOf({ architecture }: VersionedImage): ReturnForms {
  return architecture === "x86_64" ? x86 : aarch64;
}

function codeOf({ addressOf, bytesAt }: VersionedImage, name: string): Code | undefined {
  const address = addressOf(name);
  if (address === undefined) return undefined;
  return skipFrame(skipEndbr({ address, bytes: bytesAt(address, CODE_SIZE) }));
}

function skipEndbr({ address, bytes }: Code): Code {
  if (!startsWithEndbr64(bytes)) return { address, bytes };
  return { address: address + 4n, bytes: bytes.subarray(4) };
}

/** push %rbp and mov %rsp, %rbp: a debug build keeps frame pointers. gcc may do the second later. */
const FRAME = [[0x55], [0x48, 0x89, 0xe5]] as const;

function skipFrame(code: Code): Code {
  return FRAME.reduce(({ address, bytes }, instruction) => {
    if (!instruction.every((byte, index) => bytes[index] === byte)) return { address, bytes };
    const { length } = instruction;
    return { address: address + BigInt(length), bytes: bytes.subarray(length) };
  }, code);
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
