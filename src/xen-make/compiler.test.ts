import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { emptyFolder } from "../files/files.test.support.ts";
import { compileSource, findCompiler } from "./compiler.ts";

/** Its address has to be a multiple of 16, as for cmpxchg16b. */
const PAYLOAD = `
void take(void *object);
__attribute__((visibility("default"))) void with_pair(long value) {
  __attribute__((aligned(16))) long pair[2] = { value, 1 };
  take(pair);
}
`;

/** Calls it as code does that keeps the stack aligned to 8 bytes only. */
const HYPERVISOR = `
#include <stdio.h>
void with_pair(long value);
static unsigned long seen, own;
void take(void *object) {
  seen |= (unsigned long)object;
  own = (unsigned long)__builtin_frame_address(0);
}
int main(void) {
  for (long depth = 0; depth < 2; depth++) {
    asm volatile("mov %%rsp, %%rbx; and $-16, %%rsp; sub %1, %%rsp; mov $1, %%edi; call *%0; mov %%rbx, %%rsp"
      : : "r"((void *)with_pair), "r"(depth * 8)
      : "rbx", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    printf("%lu %lu ", seen % 16, own % 16);
  }
}
`;

const skip = process.arch !== "x64" && "the code is run, which takes an x86-64 processor";

async function compileFor(t: TestContext, source: string): Promise<string> {
  const folder = emptyFolder(t);
  writeFileSync(join(folder, "payload.c"), source);
  const thunks = { indirectCalls: false, returns: false };
  const compiler = await findCompiler({ architecture: "x86_64", command: "gcc", thunks });
  const output = join(folder, "payload.o");
  const request = { source: join(folder, "payload.c"), output, includes: [], extraFlags: [] };
  await compileSource(compiler, request);
  return folder;
}

test("compileSource() aligns what asks for 16 bytes on a stack of 8, and calls with a stack of 16", {
  skip,
}, async (t) => {
  const folder = await compileFor(t, PAYLOAD);
  writeFileSync(join(folder, "main.c"), HYPERVISOR);
  const words = ["-O1", "-fno-omit-frame-pointer", "main.c", "payload.o", "-o", "main"];
  execFileSync("gcc", words, { cwd: folder });
  assert.equal(execFileSync(join(folder, "main"), { encoding: "utf8" }), "0 0 0 0 ");
});
