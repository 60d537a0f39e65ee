// Opens an ELF file that may be compressed, as Debian's xen-syms of some releases is.

import { gunzipSync } from "node:zlib";
import { ElfError } from "./errors.ts";
import type { ElfObject } from "./object.ts";
import { readElf } from "./read.ts";
import { ELF_SIZE_MAX } from "./size-limit.ts";

/** As readElf(), after decompressing a file that starts like gzip. @throws ElfError */
export function openElf(bytes: Uint8Array, source: string): ElfObject {
  return readElf(inflate(bytes, source), source);
}

/** `bytes` themselves, or the decompressed bytes if they start like gzip. @throws ElfError */
export function inflate(bytes: Uint8Array, source: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: ELF_SIZE_MAX });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new ElfError(
        {
          code: "elf/unsupported",
          problem: `Cannot inflate "${source}": it holds more than ${ELF_SIZE_MAX} bytes`,
          where: source,
          expected: "a xen-syms or an object, which have an eighth of that at most",
          remedy: "check that it is the right file",
        },
        { cause },
      );
    }
    const isTruncated = code === "Z_BUF_ERROR";
    throw new ElfError(
      {
        code: isTruncated ? "elf/truncated" : "elf/malformed",
        problem: `Cannot inflate "${source}": ${isTruncated ? "it is cut short" : "it is damaged"}`,
        where: source,
        expected: "a whole gzip file",
      },
      { cause },
    );
  }
}
