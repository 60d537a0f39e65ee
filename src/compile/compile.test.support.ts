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

/** Of each group, what differs from the plainest payload. */
export interface SomeOptions extends Partial<Pick<CompileOptions, "metadata" | "signal">> {
  readonly inputs?: Partial<CompileOptions["inputs"]>;
  readonly target?: Partial<CompileOptions["target"]>;
  readonly stacking?: Partial<CompileOptions["stacking"]>;
  readonly compiler?: Partial<CompileOptions["compiler"]>;
}

/** Compiles C text as one file, which has a folder of its own. */
export function compile(c: string, more: SomeOptions = {}): Promise<CompiledPayload> {
  const own = join(folder, `${count++}`);
  mkdirSync(own);
  const source = join(own, "patch.c");
  writeFileSync(source, c);
  return compilePayload({
    inputs: { sources: [source], replace: [], ...more.inputs },
    target: { xen, release: undefined, ...more.target },
    stacking: { foundation: onHypervisor, mode: "stack", guard: "none", ...more.stacking },
    compiler: { command: undefined, extraFlags: [], ...more.compiler },
    metadata: more.metadata ?? [],
    signal: more.signal,
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
