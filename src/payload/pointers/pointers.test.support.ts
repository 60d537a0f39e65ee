// Payloads as far as pointers are concerned, in assembly. Not a test.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ElfDraft } from "../../elf/draft.ts";
import { draftFrom } from "../../elf/draft-from.ts";
import { openElf } from "../../elf/open.ts";

/** `fresh` and `marked` are functions that the payload brings, `table` and `state` its data. */
const brought = `
.section .text.brought, "ax"
.type fresh, @function
fresh: ret
.size fresh, . - fresh
.type marked, @function
marked: endbr64
ret
.size marked, . - marked
.section .data.brought, "aw"
.type table, @object
table: .quad fresh, 0
.size table, . - table
.type state, @object
state: .quad 0
.size state, . - state
.section .rodata.str1.1, "aMS", @progbits, 1
.LC0: .asciz "a text"
.LC1: .asciz "nobody"
`;

/** @param body of the function `patched`; @param more sections behind it, as hooks */
export function assemblePayload(body: string, more = ""): ElfDraft {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-pointers-"));
  try {
    const code = `.text\n.type patched, @function\npatched:\n${body}\n.size patched, . - patched\n`;
    writeFileSync(join(folder, "file.s"), `${brought}\n${code}\n${more}\n`);
    execFileSync("as", ["file.s", "-o", "file.o"], { cwd: folder, stdio: "pipe" });
    return draftFrom(openElf(new Uint8Array(readFileSync(join(folder, "file.o"))), "file.o"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A hook of the kind, whose code is `body`. */
export function hook(kind: string, body: string): string {
  return `
.section .text.hook, "ax"
.type the_hook, @function
the_hook:
${body}
ret
.size the_hook, . - the_hook
.section .livepatch.hooks.${kind}, "a"
.quad the_hook
`;
}
