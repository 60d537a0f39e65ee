// The file that a lab boots as its hypervisor: unpacked, and looked at before QEMU gets it, whose own words
// for a file that it cannot start say nothing of what is wrong with it.

import { readFileSync } from "node:fs";
import { toHex } from "../../bytes/hex.ts";
import { ElfError } from "../../elf/errors.ts";
import { findBuildId, findBuildIdIn } from "../../elf/notes.ts";
import { inflate, openElf } from "../../elf/open.ts";
import { systemStateOf } from "../../system-state.ts";
import { LabError } from "../errors.ts";
import type { LabArchitecture } from "./board.ts";

/** The bytes for QEMU. @throws LabError lab/bad-image */
export function readHypervisorImage(path: string, architecture: LabArchitecture): Uint8Array {
  const bytes = unpacked(path, architecture);
  const problem = whyNotBootable(bytes, architecture);
  if (problem === undefined) return bytes;
  throw badImage(path, problem, architecture);
}

function unpacked(path: string, architecture: LabArchitecture): Uint8Array {
  try {
    return inflate(readFileSync(path), path);
  } catch (cause) {
    const state =
      cause instanceof ElfError
        ? `its gzip ${cause.report.code === "elf/truncated" ? "is cut short" : "is damaged"}`
        : systemStateOf(cause);
    const remedy = "copy it again, and compare its size";
    throw badImage(path, { state, remedy }, architecture, cause);
  }
}

const EXPECTED = {
  x86_64: "Xen for x86-64 as a boot loader takes it (xen.gz), which has a multiboot header",
  arm64:
    "Xen for arm64 as a boot loader takes it (xen or xen.gz), which has the header of an Image",
} as const satisfies Record<LabArchitecture, string>;

function badImage(
  path: string,
  { state, remedy }: Problem,
  architecture: LabArchitecture,
  cause?: unknown,
): LabError {
  return new LabError(
    {
      code: "lab/bad-image",
      problem: `Cannot boot "${path}" as a hypervisor: ${state}`,
      expected: EXPECTED[architecture],
      remedy,
    },
    { cause },
  );
}

interface Problem {
  readonly state: string;
  readonly remedy: string;
}

const REBUILD =
  "give the file that Xen's make leaves as xen/xen.gz (on arm64 xen/xen), or a package as /boot/xen-….gz";
const COMPRESSIONS: readonly (readonly [magic: string, name: string])[] = [
  ["fd377a585a00", "xz"],
  ["28b52ffd", "zstd"],
  ["425a68", "bzip2"],
  ["5d0000", "lzma"],
];

const ELF = "7f454c46";
const ELFCLASS64 = 2;
const EM_386 = 3;
/** Of an arm64 Image, whose beginning is an EFI program as well. */
const ARM64_MAGIC = { offset: 56, hex: "41524d64" };

function whyNotBootable(bytes: Uint8Array, architecture: LabArchitecture): Problem | undefined {
  if (bytes.length === 0) return { state: "it is empty", remedy: REBUILD };
  const starts = (hex: string, offset = 0) =>
    toHex(bytes.subarray(offset, offset + hex.length / 2)) === hex;
  const compression = COMPRESSIONS.find(([magic]) => starts(magic));
  if (compression !== undefined) {
    const state = `it is compressed by ${compression[1]}`;
    return { state, remedy: "decompress it; only gzip is decompressed here" };
  }
  if (starts(ARM64_MAGIC.hex, ARM64_MAGIC.offset)) {
    if (architecture === "arm64") return undefined;
    const remedy = "start a lab for it by --arch arm64, or give the Xen of an x86-64 machine";
    return { state: "it is for AArch64", remedy };
  }
  if (starts(ELF)) return whyNotElf(bytes, architecture);
  if (starts("4d5a")) {
    return {
      state: "it is an EFI program",
      remedy: `${REBUILD}; xen.efi boots only from firmware`,
    };
  }
  return whyNoMultiboot(bytes, architecture);
}

function whyNoMultiboot(bytes: Uint8Array, architecture: LabArchitecture): Problem | undefined {
  if (!hasMultibootHeader(bytes)) return { state: "it is no hypervisor", remedy: REBUILD };
  if (architecture === "x86_64") return undefined;
  return { state: "it is for x86-64", remedy: "leave out --arch arm64, or give the Xen of arm64" };
}

function whyNotElf(bytes: Uint8Array, architecture: LabArchitecture): Problem | undefined {
  const machine = (bytes[18] ?? 0) | ((bytes[19] ?? 0) << 8);
  if (bytes[4] === ELFCLASS64) {
    return {
      state: "it is an ELF64 file, such as xen-syms: the hypervisor with its symbols",
      remedy: `${REBUILD}; the symbols go to --xen-syms`,
    };
  }
  if (machine !== EM_386) {
    return {
      state: `it is for ELF machine ${machine}`,
      remedy: "give the Xen of an x86-64 or arm64 machine",
    };
  }
  return whyNoMultiboot(bytes, architecture);
}

const MULTIBOOT_MAGIC = 0x1badb002;
/** The header lies in the first 8192 bytes, at a multiple of 4 (Multiboot specification, 3.1). */
const HEADER_WITHIN = 8192;

function hasMultibootHeader(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 12 <= Math.min(bytes.length, HEADER_WITHIN); at += 4) {
    if (view.getUint32(at, true) !== MULTIBOOT_MAGIC) continue;
    const sum = MULTIBOOT_MAGIC + view.getUint32(at + 4, true) + view.getUint32(at + 8, true);
    if (sum % 2 ** 32 === 0) return true;
  }
  return false;
}

/**
 * Symbols of another build would give addresses at which something else lies.
 * @throws LabError lab/wrong-symbols; ElfError when they are no symbols
 */
export function requireSymbolsOf(image: Uint8Array, imagePath: string, symbolsPath: string): void {
  const wanted = findBuildIdIn(image);
  const found = findBuildId(openElf(readFileSync(symbolsPath), symbolsPath));
  if (wanted !== undefined && found !== undefined && toHex(wanted) === toHex(found)) return;
  const words = (id: Uint8Array | undefined) => (id === undefined ? "no build-id" : toHex(id));
  throw new LabError({
    code: "lab/wrong-symbols",
    problem: `Cannot use symbols "${symbolsPath}": they are of another build than the hypervisor`,
    where: `the symbols have ${words(found)}`,
    expected: `${words(wanted)}, as "${imagePath}"`,
    remedy: "give the xen-syms of the same build, or start the lab without --xen-syms",
  });
}
