// The program of a guest from a file, by what the file is.

import { readFileSync, statSync } from "node:fs";
import { type CompileOptions, compileGuest, type GuestBits } from "./compile-guest.ts";
import { GuestError } from "./errors.ts";
import type { GuestKind } from "./guest-options.ts";
import { elfImage, flatImage, type GuestImage, isElf } from "./image.ts";
import type { GuestProgram } from "./toolstack-guest.ts";

const FILE_SIZE_MAX = 64 * 1024 * 1024;

interface LoadOptions extends CompileOptions {
  readonly kind?: GuestKind | undefined;
  readonly bits: GuestBits;
}

/** As a guest of that kind is started from it. @throws GuestError */
export async function loadGuest(
  path: string,
  { kind = "hvm", ...options }: LoadOptions,
): Promise<GuestProgram> {
  if (kind === "pv") return { kind, file: readPvFile(path) };
  const image = await loadImage(path, options);
  return kind === "pvh" ? { kind, image } : image;
}

/** The kit is for guests that begin like a computer, which PV ones do not. */
function readPvFile(path: string): Uint8Array {
  requireSmall(path);
  const bytes = readFileSync(path);
  if (isElf(bytes)) return bytes;
  throw new GuestError({
    code: "guest/bad-image",
    problem: `Cannot use "${path}" as a guest of the kind pv: it is no ELF file`,
    expected: "an ELF file with Xen's notes, as Linux and other systems have it",
    remedy: "C files for the kit run as hvm and pvh",
  });
}

/**
 * A name that ends with `.c` is compiled; what begins as ELF is taken as that; all else as it is.
 */
async function loadImage(path: string, { bits, ...options }: LoadOptions): Promise<GuestImage> {
  if (path.endsWith(".c")) {
    sizeOf(path);
    return await compileGuest(path, bits, options);
  }
  requireSmall(path);
  const bytes = readFileSync(path);
  return isElf(bytes) ? elfImage(bytes, path) : flatImage(bytes, path);
}

function requireSmall(path: string): void {
  const size = sizeOf(path);
  if (size > FILE_SIZE_MAX) throw noGuest(path, `it has ${size} bytes`);
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
