// No machine of ours runs Xen on AArch64 with live patching; this holds what can be held on bytes.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inspectPayload } from "../payload/inspect.ts";
import { parsePayload } from "../payload/parse.ts";
import { readXenSyms } from "../running/xen-syms.ts";
import { compile, folder } from "./compile.test.support.ts";

const compiler = "aarch64-linux-gnu-gcc";

/** `undefined` on a machine without the cross-compiler. */
function makeXenSyms(): Uint8Array | undefined {
  const source = join(folder, "version.c");
  const output = join(folder, "xen-syms-aarch64");
  writeFileSync(
    source,
    `unsigned int xen_major_version(void) { return 4; }
     unsigned int xen_minor_version(void) { return 19; }
     const char *xen_extra_version(void) { return ".2-test-padding"; }
     __attribute__((noinline)) static int helper(int n) { __asm__ volatile(""); return n + 1; }
     int printk(int n) { return helper(n) + helper(n * n); }
     void start_xen(void) {}`,
  );
  const layout = "-O2 -fno-pic -static -nostdlib -no-pie -Wl,--build-id=sha1 -Wl,-e,start_xen";
  try {
    execFileSync(compiler, [...layout.split(" "), source, "-o", output], { stdio: "pipe" });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return new Uint8Array(readFileSync(output));
}

test("compilePayload() makes payloads for AArch64, whose table Xen may write before 4.19", async (context) => {
  const bytes = makeXenSyms();
  if (bytes === undefined) {
    context.skip(`${compiler} is not installed`);
    return;
  }
  const xen = readXenSyms(bytes, "xen-syms");
  assert.equal(xen.architecture, "aarch64");
  assert.deepEqual(xen.release, { major: 4, minor: 19, point: 2 });
  const c = `int helper(int n) { return n ? helper(n - 1) * n : 1; }
    static void up(void) { helper(3); } XSPLICE_HOOK_LOAD(up)
    static int (*const table[])(int) = { helper };
    const char *xen_extra_version(void) { return table[0](2) ? ".a" : ".b"; }`;
  const compiled = await compile(c, { target: { xen } });
  assert.deepEqual(inspectPayload(compiled.bytes, "x.livepatch").findings, []);
  const payload = parsePayload(compiled.bytes, "x.livepatch");
  assert.equal(payload.architecture, "aarch64");
  assert.deepEqual(
    payload.functions.map(({ name }) => name),
    ["version.c#helper", "xen_extra_version"],
  );
  assert.deepEqual(payload.needs, ["version.c#helper", "xen_extra_version"]);
  assert.match(compiled.unchecked.join(), /registers across calls are not followed on AArch64/);
  const older = await compile(c, { target: { xen, release: { major: 4, minor: 17, point: 0 } } });
  const funcs = parsePayload(older.bytes, "x").sections.find(
    ({ name }) => name === ".livepatch.funcs",
  );
  assert.equal(funcs?.loaded, "writable");
});
