// The code that processors start with. The linker puts it into memory that is freed after boot, but Xen
// runs and reads a copy of it below 1 MB, which stays: with `bootsym()` of asm/config.h, C code takes only
// the distance of such a symbol from the trampoline's start.

import type { Surroundings } from "./payload-below.ts";

/** Whether code may go on using the symbol after boot, though its own memory is freed. */
export function isInTrampoline(name: string, { byName }: Pick<Surroundings, "byName">): boolean {
  const [start, end, at] = ["trampoline_start", "trampoline_end", name].map(
    (one) => byName.get(one)?.address,
  );
  if (start === undefined || end === undefined || at === undefined) return false;
  return start <= at && at < end;
}
