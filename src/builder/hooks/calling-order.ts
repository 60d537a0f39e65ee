// In which order Xen is to call the load and unload hooks of a payload. The author's stand in the order of the
// source, as far as the compiler keeps it; shadow variables (share/include/xsplice/shadow.h) must be there
// for all of them, in whatever file or line they stand: they join before the first, and leave after the last.

import type { Hook } from "../../payload/emit/input.ts";
import { shadowHookOf } from "../../payload/shadow-variables.ts";

export function inCallingOrder(hooks: readonly Hook[]): readonly Hook[] {
  const turnOf = ({ code }: Hook) => turns[shadowHookOf(code.name) ?? "author"];
  return [...hooks].sort((left, right) => turnOf(left) - turnOf(right));
}

const turns = { join: 0, author: 1, leave: 2 } as const;
