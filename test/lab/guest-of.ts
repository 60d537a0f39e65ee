// A guest from the body of its main(). Not a test.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileGuest, type GuestBits } from "../../src/guest/compile-guest.ts";
import type { GuestImage } from "../../src/guest/image.ts";

export async function guestOf(
  folder: string,
  body: string,
  bits: GuestBits = 32,
): Promise<GuestImage> {
  const path = join(folder, "guest.c");
  writeFileSync(path, `#include "guest.h"\nint main(void)\n{\n${body}\n}\n`);
  return await compileGuest(path, bits);
}
