// Compiles C text for tests of the builder, against the xen-syms of xen-syms.test.support.ts. Not a
// test.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { XspliceError } from "../error.ts";
import { onHypervisor } from "../running/payload-below.ts";
import { makeXenSyms } from "../running/xen-syms.test.support.ts";
import { readXenSyms } from "../running/xen-syms.ts";
import { type CompiledPayload, compilePayload } from "./compile.ts";
import type { CompileOptions } from "./compile-options.ts";

export const xen = readXenSyms(makeXenSyms(), "xen-syms");
export const folder = mkdtempSync(join(tmpdir(), "xsplice-builder-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;

/** Compiles C text as one file, which has a folder of its own. */
export function compile(c: string, more: Partial<CompileOptions> = {}): Promise<CompiledPayload> {
  const own = join(folder, `${count++}`);
  mkdirSync(own);
  const source = join(own, "patch.c");
  writeFileSync(source, c);
  return compilePayload({
    sources: [source],
    xen,
    replace: [],
    compiler: undefined,
    extraFlags: [],
    release: undefined,
    foundation: onHypervisor,
    mode: "stack",
    guard: "none",
    metadata: [],
    ...more,
  });
}

/** Checks what was thrown: its code, and that its text has all the parts. */
export const report =
  (code: string, ...parts: readonly RegExp[]) =>
  (error: unknown) => {
    if (!(error instanceof XspliceError)) throw error;
    assert.equal(error.report.code, code, error.message);
    for (const part of parts) assert.match(error.message, part);
    return true;
  };
