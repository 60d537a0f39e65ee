import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCompiler } from "../xen-make/run-compiler.ts";
import { compile, folder, report } from "./compile.test.support.ts";

const C = "int roomy(void) { return 0; }";

/** A program that stands for a compiler. */
function script(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
  return path;
}

test("compilePayload() tells of a compiler that makes no object", async () => {
  await assert.rejects(
    compile(C, { compiler: { command: "/bin/true" } }),
    report("builder/compile-failed", /\/bin\/true made no object file/, /remedy: +name one with/),
  );
});

test("compilePayload() tells in words that a compiler cannot be run", async () => {
  const plain = join(folder, "plain");
  writeFileSync(plain, "");
  const states = [
    ["nonesuch", /Cannot run the compiler "nonesuch": there is no such program\n/],
    [plain, /plain": permission denied\n/],
    ["/bin/false", /"\/bin\/false": it does not know "--version"\n/],
  ] as const;
  for (const [command, words] of states) {
    await assert.rejects(
      compile(C, { compiler: { command } }),
      report("builder/no-compiler", words, /remedy:/),
    );
  }
});

test("compilePayload() tells in words that a source cannot be read", async () => {
  const absent = join(folder, "absent.c");
  await assert.rejects(
    compile(C, { inputs: { sources: [absent] } }),
    report("builder/no-source", /absent\.c": there is no such file or directory\n/, /remedy:/),
  );
  await assert.rejects(
    compile(C, { inputs: { sources: [folder] } }),
    report("builder/no-source", /": it is a directory\n/),
  );
});

test("compilePayload() warns of a compiler without the hypervisor's return thunks", async () => {
  const command = script(
    "clang-14",
    'case "$*" in --version) echo "clang version 14.0.6"; exit;; esac',
    'case "$*" in *-mfunction-return*) exit 1;; esac',
    "# gcc stands in, without the words that only clang knows.",
    'for arg; do shift; case "$arg" in --target=*|-mretpoline*) ;; *) set -- "$@" "$arg";; esac; done',
    'exec gcc "$@"',
  );
  const { warnings } = await compile(C, { compiler: { command } });
  assert.match(
    warnings,
    /^warning: .*clang-14 does not know -mfunction-return=thunk-extern, .*clang 15 or later\n$/,
  );
  const { warnings: none } = await compile(C);
  assert.equal(none, "");
});

test("compilePayload() stops the compiler and removes its folder when it is told to", async () => {
  const work = join(folder, "stopped");
  mkdirSync(work);
  const [pid, child] = [join(folder, "pid"), join(folder, "child")];
  const command = script(
    "slow",
    'case "$*" in *" -c "*) ;; *) exec gcc "$@";; esac',
    `sleep 60 & echo $! > ${child}; echo $$ > ${pid}; wait`,
  );
  const stop = new AbortController();
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = work;
  try {
    const compiling = compile(C, { compiler: { command }, signal: stop.signal });
    while (!existsSync(pid)) await new Promise((done) => setTimeout(done, 10));
    stop.abort(new Error("enough"));
    await assert.rejects(compiling, /^Error: enough$/);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
  assert.deepEqual(readdirSync(work), []);
  for (const file of [pid, child]) assert.ok(!isRunning(Number(readFileSync(file, "utf8"))));
});

test("runCompiler() stops a compiler that talks without end", async () => {
  const answer = await runCompiler("yes", [], undefined);
  assert.equal(answer.kind, "failed");
});

/** Something that ended and that nobody has waited for does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("compilePayload() says where Xen's own headers are to be had", async () => {
  await assert.rejects(
    compile("#include <xen/sched.h>\n"),
    report("builder/compile-failed", /xen\/sched\.h: No such file/, /remedy: .*xsplice build/),
  );
});
