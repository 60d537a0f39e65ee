// The author's files with hooks, of two kinds. One that includes Xen's headers is compiled by Xen's own
// make files, beside the objects of the patch, and is code of the fix like any other. All others are
// compiled by themselves, with the declarations of share/include/xsplice.h.

import type { HookFile } from "../../pairs/hook-files.ts";
import { readSource } from "../../xen-make/compiler.ts";

export interface HookFiles {
  readonly withXenHeaders: readonly HookFile[];
  /** Paths. */
  readonly others: readonly string[];
}

/** @throws BuilderError builder/no-source */
export async function readHookFiles(paths: readonly string[]): Promise<HookFiles> {
  const files = await Promise.all(
    paths.map(async (name) => ({ name, text: await readSource(name) })),
  );
  return {
    withXenHeaders: files.filter(({ text }) => includesXenHeaders(text)),
    others: files.filter(({ text }) => !includesXenHeaders(text)).map(({ name }) => name),
  };
}

/** Directories of xen/include, of the architecture's, and of our headers that need those. */
function includesXenHeaders(text: string): boolean {
  return /^[ \t]*#[ \t]*include[ \t]*[<"](xen|asm|public|xsm|acpi|compat|crypto|xsplice)\//m.test(
    text,
  );
}
