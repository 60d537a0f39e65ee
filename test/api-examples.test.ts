// The examples of docs/api.md, run as a user of the library would: each a program of its own, on files
// made here. Those that need a lab are in test/lab/api-examples.test.ts.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { linkHypervisor } from "../src/builder/build.test.support.ts";
import { encodeNote } from "../src/elf/notes.ts";
import { makeSmallXen, smallXen } from "../src/xen-make/small-xen.test.support.ts";
import { syntheticXenSyms } from "../src/xen-model/synthetic.test.support.ts";
import { payloadFiles } from "./plan-payloads.ts";
import { root } from "./read-api.ts";
import { buildTest } from "./why-no-build.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-examples-"));
after(() => rmSync(folder, { recursive: true }));

const payload = payloadFiles(folder, 0);
const alpha = payload("alpha", {});
payload("beta", { functions: ["beta"], on: [alpha] });
payload("loose", { guard: "none" });
payload("all", { mode: "cumulative", functions: ["alpha", "beta"] });
file("xen-syms", syntheticXenSyms());

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

interface Run {
  readonly lines: readonly string[];
  readonly exitCode: number | null;
}

/** In the folder with the files. */
function run(door: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Run {
  const program = join(root, `dist/examples/api/${door}.js`);
  const env = { ...process.env, ...more };
  const result = spawnSync(process.execPath, [program, ...args], { cwd: folder, env });
  assert.equal(result.stderr.toString(), "");
  const lines = result.stdout.toString().trimEnd().replaceAll(folder, ".").split("\n");
  return { lines, exitCode: result.status };
}

function gcc(...args: readonly string[]): void {
  execFileSync("gcc", args, { cwd: folder, stdio: "pipe" });
}

before(() => {
  const source = (sum: string): string => `
    struct point { int x; struct point *next; };
    __attribute__((noinline)) int last(struct point *p) { while (p->next) p = p->next; return p->x; }
    int value(struct point *p) { return p->x > 9 ? last(p) : ${sum}; }
    void _start(void) { value(0); }
  `;
  file("before.c", source("p->x * 3"));
  file("after.c", source("p->x * 5 + 1"));
  // Under one name: it is one file, before and after.
  for (const side of ["before", "after"]) {
    execFileSync("cp", [`${side}.c`, "point.c"], { cwd: folder });
    gcc("-O2", "-g", "-ffunction-sections", "-c", "point.c", "-o", `${side}.o`);
  }
  gcc("-O2", "-static", "-nostdlib", "-no-pie", "before.c", "-o", "program");
});

test("example of xsplice/error: a code for the program, a report for people", () => {
  const sound = run("error", ["alpha.livepatch"]);
  assert.deepEqual(sound.lines, [`alpha.livepatch is sound, for hypervisor ${"a1".repeat(20)}`]);
  const { lines, exitCode } = run("error", ["before.c"]);
  assert.equal(exitCode, 1);
  assert.match(
    lines.join("\n"),
    /^No ELF file, or a damaged one\.\nCannot read "before\.c" as ELF/,
  );
});

test("example of xsplice/bytes: notes, and a file that ends too early", () => {
  const note = encodeNote({ owner: "GNU", type: 3, descriptor: Uint8Array.of(0xab, 0xcd) });
  file("notes", note);
  assert.deepEqual(run("bytes", ["notes"]).lines, ["GNU 3: abcd"]);
  file("short", note.subarray(0, 14));
  assert.match(run("bytes", ["short"]).lines.join("\n"), /^Cannot read name/);
});

test("example of xsplice/elf: the largest functions, and where they lie", () => {
  const { lines } = run("elf", ["program", "2"]);
  assert.equal(lines.length, 2);
  for (const line of lines) assert.match(line, /^ +\d+ {2}(last|value|_start) in \.text/);
});

test("example of xsplice/isa: a function's calls by name", () => {
  const { lines } = run("isa", ["program", "_start"]);
  assert.match(lines.join("\n"), /^(calls \w+\n)*\d+ instructions, the first: \w+/);
});

test("example of xsplice/xen-abi: what a release takes, and what must not be patched", () => {
  const { lines } = run("xen-abi", ["4.17.5", "apply_payload", "livepatch.c"]);
  assert.equal(lines[0], "Xen 4.17.5: payloads of version 2 on x86_64 and aarch64");
  assert.match(lines.at(-1) ?? "", /^apply_payload: live patching itself/);
  const [, , hooks, judged] = run("xen-abi", ["4.8", "do_xen_version", "kernel.c"]).lines;
  assert.deepEqual([hooks, judged], ["hooks: load, unload", "do_xen_version may be patched"]);
});

test("example of xsplice/bases: a directory of one's own, by one word", () => {
  const makefile = "XEN_VERSION = 4\nXEN_SUBVERSION = 17\nXEN_EXTRAVERSION ?= .5\n";
  mkdirSync(join(folder, "xen"));
  file("xen/Makefile", makefile);
  file("xen.config", "CONFIG_LIVEPATCH=y\n");
  file("base.json", '{"xen-syms": "xen-syms", "source": ".", "config": "xen.config"}');
  assert.deepEqual(run("bases", ["./"]).lines, [
    `the base of base.json, build-id ${"a1".repeat(20)}`,
    "source ., symbols ./xen-syms, configuration ./xen.config",
  ]);
});

test("example of xsplice/payload: what files replace, and on top of what", () => {
  const { lines } = run("payload", ["alpha.livepatch", "all.livepatch"]);
  const on = "on top of a1a1a1a1a1a1";
  assert.deepEqual(lines, [
    ...["alpha.livepatch: stack", `  replaces alpha, ${on}`],
    ...["all.livepatch: cumulative", `  replaces alpha, beta, ${on}`],
  ]);
});

test("example of xsplice/guard: what Xen can compare", () => {
  file("small-xen", linkHypervisor());
  const { lines } = run("guard", ["small-xen", "kernel", "start"]);
  assert.match(lines[0] ?? "", /^\d entries compare \d+ bytes of 2 functions$/);
});

test("example of xsplice/xen-model: a payload applied on paper", () => {
  const { lines } = run("xen-model", ["xen-syms", "alpha.livepatch"]);
  assert.deepEqual(lines.slice(0, 2), ["upload: accepted", "apply: done"]);
  assert.match(lines[2] ?? "", /^0xffff82d040200000: e9/);
  assert.equal(run("xen-model", ["xen-syms", "beta.livepatch"]).lines[1], "apply: refused");
});

test("example of xsplice/check: what Xen would say, as an exit code", () => {
  const good = run("check", ["xen-syms", "alpha.livepatch", "beta.livepatch"]);
  assert.deepEqual(good.lines, ["alpha.livepatch: Xen takes it", "beta.livepatch: Xen takes it"]);
  assert.equal(good.exitCode, 0);
  const bad = run("check", ["xen-syms", "beta.livepatch"]);
  assert.match(bad.lines[0] ?? "", /^beta\.livepatch: apply: /);
  assert.equal(bad.exitCode, 1);
});

test("example of xsplice/diff: what a payload must carry, and why", () => {
  const { lines } = run("diff", ["before.o", "after.o"]);
  assert.equal(lines[0], "patchable");
  assert.match(lines[1] ?? "", /^replace value: 2 instructions differ, the first at /);
});

test("example of xsplice/dwarf: the members of a struct", () => {
  assert.deepEqual(run("dwarf", ["before.o", "struct point"]).lines, [
    "struct point, 16 bytes, of point.c",
    "  0: x, 4 bytes",
    "  8: next, 8 bytes",
  ]);
});

test("example of xsplice/dissect: two payloads, function by function", () => {
  const { lines, exitCode } = run("dissect", ["alpha.livepatch", "all.livepatch"]);
  assert.equal(exitCode, 1);
  assert.match(lines[0] ?? "", /^alpha changed: instruction/);
  assert.equal(lines[1], "beta added: only the second has it");
  assert.equal(run("dissect", ["alpha.livepatch", "alpha.livepatch"]).exitCode, 0);
});

test("example of xsplice/plan: the steps to what is wished", () => {
  const { lines } = run("plan", ["xen-syms", "beta.livepatch", "alpha.livepatch"]);
  const steps = ["upload alpha", "upload beta", "apply alpha", "apply beta"];
  assert.deepEqual(lines, [...steps, "0 fixes are missing for a moment"]);
});

test("example of xsplice/sync: the steps taken", () => {
  const { lines } = run("sync", ["xen-syms", "alpha.livepatch"]);
  const steps = ["begins: upload alpha", "done: upload alpha", "begins: apply alpha"];
  assert.deepEqual(lines, ["2 steps", ...steps, "done: apply alpha", "done"]);
});

test("example of xsplice/probe: whose code it is that a payload does not expect", () => {
  assert.deepEqual(run("probe", ["xen-syms", "alpha.livepatch"]).lines, ["as-expected"]);
  const { lines } = run("probe", ["xen-syms", "alpha.livepatch", "loose.livepatch"]);
  assert.equal(lines[0], "different");
  assert.match(lines.join("\n"), /alpha[\s\S]*loose/);
});

test("example of xsplice/bisect: the fix that makes a command fail", () => {
  const { lines } = run("bisect", ["5", "sh", "-c", "test $1 -lt 3", "sh"]);
  assert.deepEqual([lines[0], lines.at(-1)], ["with 5 of 5: bad, 4 to go", "fix 3 it is"]);
});

test("example of xsplice/parts: what is there, and how much would be fetched", () => {
  const { lines } = run("parts", [], { XDG_CACHE_HOME: join(folder, "cache") });
  assert.match(lines.join("\n"), /^missing {2}kernel: /m);
  assert.match(lines.at(-1) ?? "", /^\d+ MB at most, into \.\/cache\/xsplice$/);
});

buildTest("example of xsplice/builder: from a patch to a payload", (t) => {
  const small = makeSmallXen(t);
  const path = "xen/common/kernel.c";
  const changes = { [path]: (smallXen[path] ?? "").replace("wide()", "wide() + 40") };
  file("small-xen", linkHypervisor());
  file("xen.config", "CONFIG_LIVEPATCH=y\n");
  file("fix.patch", small.request(changes).inputs.patches[0]?.bytes ?? "");
  const args = [small.source, "small-xen", "xen.config", "fix.patch"];
  const { lines } = run("builder", args, { XDG_CACHE_HOME: small.cacheHome });
  assert.deepEqual(
    lines.map((line) => line.replace(/:.*/, "")),
    ["replaces kernel", "replaces user"],
  );
  assert.equal(run("payload", ["fix.patch.livepatch"]).lines[0], "fix.patch.livepatch: stack");
});
