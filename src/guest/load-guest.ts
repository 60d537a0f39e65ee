// The program of a guest from a file, by what the file is.

import { readFileSync, statSync } from "node:fs";
import { type CompileOptions, compileGuest, type GuestBits } from "./compile-guest.ts";
import { GuestError } from "./errors.ts";
import { elfImage, flatImage, type GuestImage, isElf } from "./image.ts";

const FILE_SIZE_MAX = 64 * 1024 * 1024;

/**
 * A name that ends with `.c` is compiled; what begins as ELF is taken as that; all else as it is.
 * @throws GuestError
 */
export async function loadGuest(
  path: string,
  { bits, ...options }: CompileOptions & { readonly bits: GuestBits },
): Promise<GuestImage> {
  const size = sizeOf(path);
  if (path.endsWith(".c")) return await compileGuest(path, bits, options);
  if (size > FILE_SIZE_MAX) throw noGuest(path, `it has ${size} bytes`);
  const bytes = readFileSync(path);
  return isElf(bytes) ? elfImage(bytes, path) : flatImage(bytes, path);
}

function sizeOf(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw noGuest(path, "there is no such file");
  if (!status.isFile()) throw noGuest(path, "it is no file");
  return status.size;
}

function noGuest(path: string, state: string): GuestError {
  return new GuestError({
    code: "guest/bad-image",
    problem: `Cannot use "${path}" as a guest: ${state}`,
    expected: `a C file, an ELF file or a flat program, of at most ${FILE_SIZE_MAX} bytes`,
  });
}
