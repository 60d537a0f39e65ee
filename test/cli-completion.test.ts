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
import { installShells, whyNoShell } from "./shells.ts";

const main = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));

async function wordsAfter(...words: string[]): Promise<string[]> {
  const host = new FakeHost().put("fix-1", { kind: "applied" }).put("other", { kind: "checked" });
  const run = await runXsplice(["completion", "bash", "--", ...words], { host });
  return run.stdout.split("\n").filter((line) => line !== "");
}

test("completion offers commands, and those of a group", async () => {
  assert.deepEqual(await wordsAfter("re"), ["revert", "replace", "rebuild"]);
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

test("completion offers no name that a shell would run, or read as something else", async () => {
  const host = new FakeHost().put("fix-1.2", { kind: "checked" });
  for (const name of ["$(touch x)", "`touch x`", "a;touch x", "a b", "a\nb", "-rf", "*", "a'b"]) {
    host.put(name, { kind: "checked" });
  }
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout } = await runXsplice(["completion", shell, "--", "apply", ""], { host });
    const words = stdout.split("\n").map((line) => line.split(/[:\t]/)[0]);
    assert.deepEqual(words, ["fix-1.2", ""], shell);
  }
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

test("completion offers values behind =, rules, and both names of an option", async () => {
  assert.deepEqual(await wordsAfter("--host=lo"), ["--host=local"]);
  assert.deepEqual(await wordsAfter("build", "--mode=st"), ["--mode=stack"]);
  assert.deepEqual(await wordsAfter("build", "--patch=x"), [":files"]);
  assert.deepEqual(await wordsAfter("revert", "--host=lab:x", "fi"), ["fix-1"]);
  assert.deepEqual(await wordsAfter("lab", "up", "--base", "debian:12"), ["debian:12"]);
  const rules = await wordsAfter("check", "--allow", "superseded-");
  assert.ok(rules.includes("superseded-code-reachable"), rules.join());
  assert.deepEqual(await wordsAfter("check", "--explain=superseded-code-r"), [
    "--explain=superseded-code-reachable",
  ]);
});

/** What is typed, and what Tab makes of the last word. */
const typed: Readonly<Record<string, string>> = {
  "xsplice unl": "unload",
  "xsplice inspect fi": "file:of=mine",
  "xsplice build --patch=fi": "--patch=file:of=mine",
  "xsplice --host=lo": "--host=local",
  "xsplice build --mode=st": "--mode=stack",
  "xsplice lab up --base debian:12": "debian:12",
  "xsplice check --allow=superseded-code-r": "--allow=superseded-code-reachable",
};

/** A folder with one file, and a PATH with the command. */
async function inPlace(use: (cwd: string, env: NodeJS.ProcessEnv) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-completion-"));
  const bin = mkdtempSync(join(tmpdir(), "xsplice-completion-bin-"));
  try {
    writeFileSync(join(folder, "file:of=mine"), "");
    const program = `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`;
    writeFileSync(join(bin, "xsplice"), program, { mode: 0o755 });
    const PATH = `${bin}:${process.env["PATH"]}`;
    use(folder, { ...process.env, ...installShells(bin), PATH, HOME: bin, TERM: "dumb" });
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(bin, { recursive: true });
  }
}

test("completion bash completes in a bash, also where it divides words at : and =", async () => {
  await inPlace((cwd, env) => {
    for (const [line, expected] of Object.entries(typed)) {
      // As bash does: the characters of COMP_WORDBREAKS are words of their own.
      const words = line.split(/([:=])| /).filter((word) => word !== undefined && word !== "");
      const complete = `eval "$(xsplice completion bash)"
        COMP_LINE=$1 COMP_POINT=\${#1}; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _xsplice; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const args = ["-c", complete, "bash", line, ...words];
      const reply = execFileSync("bash", args, { cwd, env, encoding: "utf8" });
      const last = line.split(" ").at(-1) ?? "";
      const kept = last.slice(0, Math.max(last.lastIndexOf(":"), last.lastIndexOf("=")) + 1);
      assert.equal(`${kept}${reply}`, `${expected}\n`, line);
    }
  });
});

/** Types in a terminal, presses Tab, and shows the line. */
const ZSH_SESSION = `
zmodload zsh/zpty
zpty z zsh -d -i
zpty -w z 'PS1=; setopt no_beep; autoload -U compinit; compinit -u -D; eval "$(xsplice completion zsh)"'
zpty -w z 'show() { print -r -- "<""<$BUFFER>"">" }; zle -N show; bindkey "^G" show; bindkey "^I" complete-word'
zpty -w z 'print RE""ADY'
zpty -r z shown '*READY*'
for line; do
  zpty -w -n z "$line"$'\\t\\a'
  zpty -r z shown '*<<*>>*'
  print -r -- "\${\${shown##*<<}%%>>*}"
  zpty -w -n z $'\\C-u'
done
zpty -d z
`;

test("completion zsh completes in a zsh", { skip: whyNoShell("zsh") }, async () => {
  await inPlace((cwd, env) => {
    const args = ["-c", ZSH_SESSION, "zsh", ...Object.keys(typed)];
    const shown = execFileSync("zsh", args, { cwd, env, encoding: "utf8", timeout: 60_000 });
    const lines = shown.trimEnd().split("\n");
    for (const [index, [line, expected]] of Object.entries(typed).entries()) {
      const before = line.slice(0, line.lastIndexOf(" ") + 1);
      const got = (lines[index] ?? "").trimEnd().replaceAll("\\", "");
      assert.equal(got, before + expected, shown);
    }
  });
});

test("completion fish completes in a fish", { skip: whyNoShell("fish") }, async () => {
  await inPlace((cwd, env) => {
    for (const [line, expected] of Object.entries(typed)) {
      const script = 'xsplice completion fish | source; complete -C "$argv[1]"';
      const args = ["--no-config", "-c", script, line];
      const shown = execFileSync("fish", args, { cwd, env, encoding: "utf8" });
      const words = shown.split("\n").map((one) => one.split("\t")[0]?.replaceAll("\\", ""));
      assert.ok(words.includes(expected), `${line}: ${shown}`);
    }
  });
});

for (const [shell, check] of [
  ["bash", "-n"],
  ["zsh", "-n"],
  ["fish", "--no-execute"],
] as const) {
  test(`completion ${shell} is a script that ${shell} can read`, {
    skip: whyNoShell(shell),
  }, async () => {
    const { stdout } = await runXsplice(["completion", shell]);
    await inPlace((cwd, env) => {
      // A file: fish reads no script from a pipe that Node has made.
      writeFileSync(join(cwd, "script"), stdout);
      const result = spawnSync(shell, [check, "script"], { cwd, env, encoding: "utf8" });
      assert.equal(result.stderr, "");
      assert.equal(result.status, 0);
    });
  });
}
