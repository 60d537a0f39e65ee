import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openElf } from "../elf/open.ts";
import { type CompilerFacts, compareCompilers, compilerFactsOf } from "./compiler-check.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-compiler-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "a.c"), "int f(int x) { return x * 3; }");

/** As this machine's gcc says of an object, or of an executable. */
function factsOf(name: string, ...flags: readonly string[]): CompilerFacts {
  const output = join(folder, name);
  execFileSync("gcc", [...flags, join(folder, "a.c"), "-o", output], { stdio: "pipe" });
  return compilerFactsOf(openElf(new Uint8Array(readFileSync(output)), name));
}

const build = factsOf("a.o", "-c", "-O2", "-g", "-mno-red-zone");
const link = ["-nostdlib", "-static", "-Wl,-e,0"];

test("compilerFactsOf() finds version and flags in objects and executables", () => {
  for (const facts of [build, factsOf("xen-syms", "-O2", "-g", "-mno-red-zone", ...link)]) {
    assert.match(facts.versions.join(), /^GCC: /);
    assert.match(facts.producers.join(), /^GNU C.* -mno-red-zone .*-O2/);
  }
});

test("compareCompilers() finds the same compiler and flags, whatever it was told about paths", () => {
  const hypervisor = factsOf(
    "xen",
    "-O2",
    "-g",
    "-mno-red-zone",
    "-fmacro-prefix-map=/a=b",
    ...link,
  );
  const { verdict, text } = compareCompilers(hypervisor, build);
  assert.equal(verdict, "same");
  assert.match(text, /^both were compiled by GCC: [^;]+$/);
});

test("compareCompilers() says which flags differ", () => {
  const hypervisor = factsOf("xen", "-O1", "-g", ...link);
  assert.deepEqual(compareCompilers(hypervisor, build), {
    verdict: "different",
    text: "the hypervisor was compiled with -O1 where this build has -mno-red-zone -O2",
  });
});

test("compareCompilers() says when xen-syms has no debug information", () => {
  const { verdict, text } = compareCompilers(factsOf("xen", "-O2", ...link), build);
  assert.equal(verdict, "same");
  assert.match(text, /with which flags, xen-syms does not say/);
});

test("compareCompilers() names both compilers when they differ", () => {
  const hypervisor = { versions: ["GCC: (Debian 10.2.1-6) 10.2.1 20210110"], producers: [] };
  assert.deepEqual(compareCompilers(hypervisor, { versions: ["GCC: (GNU) 13.1"], producers: [] }), {
    verdict: "different",
    text: "the hypervisor was compiled by GCC: (Debian 10.2.1-6) 10.2.1 20210110, this build by GCC: (GNU) 13.1",
  });
});

test("compareCompilers() does not judge what does not say who made it", () => {
  const silent = { versions: [], producers: [] };
  assert.equal(compareCompilers(silent, build).verdict, "unknown");
  assert.match(compareCompilers(silent, build).text, /xen-syms does not say/);
  assert.match(compareCompilers(build, silent).text, /objects of this build do not say/);
});
