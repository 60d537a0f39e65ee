// Reads the xen-syms file that an option names.

import { ELF_SIZE_MAX } from "../elf/size-limit.ts";
import { readInputFile } from "./read-input-file.ts";

/** Its bytes as they lie in the file. @throws InputFileError; the reason of the signal */
export function readXenSymsFile(path: string, signal: AbortSignal): Promise<Uint8Array> {
  return readInputFile(path, {
    sizeMax: ELF_SIZE_MAX,
    reason: "far more than a xen-syms has",
    signal,
  });
}
