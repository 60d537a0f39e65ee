// docs/guides/interdependency.md, followed as a reader would: its patches are written, its commands run
// as they stand, and what they print has to hold the lines that the page shows.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fetchCorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";
import { whyNoXen } from "./why-no-xen.ts";

/** Some ten builds on a busy machine. */
const timeout = 300_000;
// They are no output of the compiler.
const root = fileURLToPath(new URL("../../../", import.meta.url));
const command = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const page = readFileSync(join(root, "docs/guides/interdependency.md"), "utf8");

interface Block {
  readonly language: string;
  readonly text: string;
  /** The last words in front of it. */
  readonly lead: string;
}

const blocks: readonly Block[] = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((match) => ({
  language: match[1] ?? "",
  text: match[2] ?? "",
  lead: page.slice(0, match.index).trimEnd().split("\n").at(-1) ?? "",
}));

const skip = (await whyNoCorpusSource()) || (await whyNoXen("4.17"));
describe("docs/guides/interdependency.md", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), `xsplice-guide-${process.pid}-`));
  const lab = `guide-${process.pid}`;
  after(async () => {
    await run(`xsplice lab down ${lab}`, folder);
    rmSync(folder, { recursive: true, force: true });
  });
  test("holds, command by command", { timeout }, async () => {
    const { source, xenSyms } = await fetchCorpusSource();
    symlinkSync(source, join(folder, "xen-4.17.5+72-g01140da4e8"));
    symlinkSync(xenSyms.replace(/\/usr\/lib\/.*$/, ""), join(folder, "hypervisor"));
    let environment = "";
    for (const [index, { language, text, lead }] of blocks.entries()) {
      const [, patch] = /`([\w-]+\.patch)`:$/.exec(lead) ?? [];
      if (language === "diff") writeFileSync(join(folder, patch ?? assert.fail(lead)), text);
      if (language !== "sh") continue;
      const script = text.replaceAll(/\bstacking\b/g, lab);
      const isRefused = text.includes("# refused\n");
      const { exitCode, printed } = await run(`${environment}\nset -e\n${script}`, folder);
      assert.equal(exitCode !== 0, isRefused, `${script}${printed}`);
      if (/^(XEN=|export )/m.test(text)) environment += script.replace(/^xsplice .*$/gm, "");
      const next = blocks[index + 1];
      if (next?.language === "text") assertShows(printed, next.text, script);
    }
  });
});

/** In this order, with anything where the page has "…", and anything in between. */
function assertShows(printed: string, shown: string, script: string): void {
  const lines = shown.trimEnd().split("\n");
  const patterns = lines.map((line) => {
    return line
      .split("…")
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*");
  });
  assert.match(printed, new RegExp(patterns.join("[^]*")), script);
}

async function run(
  script: string,
  folder: string,
): Promise<{ readonly exitCode: number | null; readonly printed: string }> {
  // A program, and no function of the shell: bisect lets a shell of its own run its check.
  const bin = join(folder, "bin");
  const program = `#!/bin/sh\nexec "${process.execPath}" "${command}" "$@"\n`;
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "xsplice"), program, { mode: 0o755 });
  const env = { ...process.env, PATH: [bin, process.env["PATH"]].join(delimiter) };
  const child = spawn("bash", ["-c", `exec 2>&1\n${script}`], { cwd: folder, env });
  child.stdin.end();
  const chunks: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => chunks.push(text));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { exitCode, printed: chunks.join("") };
}
