// Completion: what may come next, and the scripts in the shells that this machine has.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeHost } from "./fake-host.ts";
import { runXsplice } from "./run-cli.ts";

const main = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));

async function wordsAfter(...words: string[]): Promise<string[]> {
  const host = new FakeHost().put("fix-1", { kind: "applied" }).put("other", { kind: "checked" });
  const run = await runXsplice(["completion", "bash", "--", ...words], { host });
  return run.stdout.split("\n").filter((line) => line !== "");
}

test("completion offers commands, and those of a group", async () => {
  assert.deepEqual(await wordsAfter("re"), ["revert", "replace"]);
  assert.ok((await wordsAfter("lab", "")).includes("console"));
});

test("completion offers the options of the command and the global ones", async () => {
  const options = await wordsAfter("apply", "--");
  for (const option of ["--nodeps", "--json", "--help"])
    assert.ok(options.includes(option), option);
  assert.ok(!(await wordsAfter("revert", "--")).includes("--nodeps"));
});

test("completion offers the names of loaded payloads", async () => {
  assert.deepEqual(await wordsAfter("--host", "lab", "revert", "fi"), ["fix-1"]);
});

test("completion offers files where a file is wanted", async () => {
  assert.deepEqual(await wordsAfter("upload", "name", ""), [":files"]);
  assert.deepEqual(await wordsAfter("load", "x"), [":files"]);
});

test("completion offers the values of an option", async () => {
  assert.ok((await wordsAfter("--host", "")).includes("local"));
});

test("completion offers nothing when the host cannot be asked", async () => {
  const openHost = async (): Promise<never> => {
    throw new Error("no such host");
  };
  const run = await runXsplice(["completion", "fish", "--", "apply", ""], { openHost });
  assert.deepEqual(run, { stdout: "", stderr: "", exitCode: 0 });
});

test("completion refuses a shell that it does not know", async () => {
  const run = await runXsplice(["completion", "tcsh"]);
  assert.equal(run.exitCode, 64);
  assert.match(run.stderr, /expected: bash, zsh, fish/);
});

test("completion bash completes in a bash", () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-completion-"));
  try {
    const program = `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`;
    writeFileSync(join(folder, "xsplice"), program, { mode: 0o755 });
    const complete = `eval "$(xsplice completion bash)"
      COMP_WORDS=(xsplice unl) COMP_CWORD=1; _xsplice; printf '%s\\n' "\${COMPREPLY[@]}"
      COMP_WORDS=(xsplice inspect xs) COMP_CWORD=2; _xsplice; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const PATH = `${folder}:${process.env["PATH"]}`;
    const stdout = execFileSync("bash", ["-c", complete], {
      cwd: folder,
      env: { ...process.env, PATH },
      encoding: "utf8",
    });
    assert.equal(stdout, "unload\nxsplice\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [shell, check] of [
  ["bash", "-n"],
  ["zsh", "-n"],
  ["fish", "--no-execute"],
] as const) {
  const missing = spawnSync(shell, ["--version"]).error ? `${shell} is not installed` : false;
  test(`completion ${shell} is a script that ${shell} can read`, { skip: missing }, async () => {
    const { stdout } = await runXsplice(["completion", shell]);
    const result = spawnSync(shell, [check], { input: stdout, encoding: "utf8" });
    assert.equal(result.stderr, "");
  });
}
