// A small hypervisor with state in several files, and patches that move it about. Not a test.

import assert from "node:assert/strict";
import { after } from "node:test";
import { createTwoFilesPatch } from "diff";
import { parsePayload } from "../payload/parse.ts";
import { makeBuildOf } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import type { BuiltFix } from "./built-fix.ts";

export const user = "xen/common/user.c";
export const start = "xen/common/start.c";
export const kernel = "xen/common/kernel.c";
export const header = "xen/include/wide.h";

const sources: Readonly<Record<string, string>> = {
  [header]: "static int each;\n",
  [user]: `#include "wide.h"
struct pair { int first; int second; };
static int calls;
static struct pair pair;
static int *pointer = &calls;
static int begun = 5;
static __attribute__((section(".bss.percpu"))) int per_cpu__hits;
static __attribute__((section(".init.data"))) int early = 3;
int level;
static __attribute__((noinline)) int helper(int n) { return n + 1; }
int user(int n) { return ++calls + pair.second + *pointer + each; }
int begin(int n) { return begun++; }
int raise(int n) { return ++level; }
int help(int n) { return helper(n); }
int hit(int n) { return ++per_cpu__hits; }
int count(int n) { static int seen; return ++seen; }
static __attribute__((noinline, section(".init.text"))) int once(int n) { return n + early; }
__attribute__((section(".init.text"))) int boot(int n) { return once(n); }
`,
  [start]: `extern int level;
static int calm;
int start(int n) { return n + 3; }
int lower(int n) { return --level; }
int rest(int n) { return ++calm; }
`,
  [kernel]: '#include "wide.h"\nint kernel(int n) { return n + each; }\n',
};

export const small = makeBuildOf({ after }, sources);

/** Of each file, what stands there and what is to stand there. */
export type Edits = Readonly<Record<string, readonly (readonly [old: string, text: string])[]>>;

/** @param below what other patches changed before */
export function patchOf(edits: Edits, name = "fix.patch", below: Edits = {}) {
  const parts = Object.keys(edits).map((path) => {
    const text = edit(sources[path] ?? assert.fail(), below[path]);
    const changed = edit(text, edits[path]);
    return createTwoFilesPatch(`a/${path}`, `b/${path}`, text, changed, "", "", { context: 1 });
  });
  return { name, bytes: Buffer.from(parts.join("")) };
}

function edit(text: string, edits: Edits[string] = []): string {
  return edits.reduce((done, [old, fresh]) => {
    assert.ok(done.includes(old), old);
    return done.replace(old, fresh);
  }, text);
}

export function buildMove(edits: Edits, freshData: readonly string[] = []): Promise<BuiltFix> {
  const inputs = { patches: [patchOf(edits)] };
  return buildFix(small.options({}, { inputs, allowed: { freshData } }));
}

/** What the payload binds to. */
export function needsOf({ payload, refusals }: BuiltFix): readonly string[] {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return parsePayload(payload.bytes, "fix").needs;
}

/** Variables that the payload brings. */
export function dataOf({ payload }: BuiltFix): readonly string[] {
  const brought = payload?.symbolMap.filter(({ kind }) => kind === "data") ?? [];
  return brought.map(({ sourceName }) => sourceName);
}

export const refusalsOf = ({ refusals }: BuiltFix): readonly string[] =>
  refusals.map(({ rule, what }) => `${rule}: ${what}`).sort();
