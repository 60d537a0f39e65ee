// The examples in the docs: TypeScript blocks have to compile against the package's own exports.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Example {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

function pages(): string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  const inDocs = docs.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  return ["README.md", "CONTRIBUTING.md", ...inDocs];
}

function examplesOf(page: string): Example[] {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = text.matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...blocks].map((block) => ({
    page,
    line: text.slice(0, block.index).split("\n").length + 1,
    language: block[1] ?? "",
    code: block[2] ?? "",
  }));
}

test("docs: every TypeScript example compiles against the package's exports", () => {
  const folder = join(root, "dist/docs-examples");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const examples = pages().flatMap(examplesOf);
  for (const { page, line, code, language } of examples) {
    if (language !== "ts") continue;
    writeFileSync(join(folder, `${page.replaceAll(/\W/g, "-")}-line-${line}.ts`), code);
  }
  const config = {
    extends: "../../tsconfig.json",
    compilerOptions: { noEmit: true, incremental: false, rootDir: "../..", noUnusedLocals: false },
    include: ["*.ts"],
    exclude: [], // Else what lies below the project's outDir, which this does.
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  if (readdirSync(folder).length === 1) return; // tsc takes an empty project for an error
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  assert.equal(result.stdout, "");
});

test("docs: every link to a file of the project leads to one", () => {
  const broken: string[] = [];
  for (const page of pages()) {
    const text = readFileSync(join(root, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      const path = fileURLToPath(new URL(target, `file://${join(root, page)}`));
      try {
        readFileSync(path);
      } catch {
        broken.push(`${page}: ${target}`);
      }
    }
  }
  assert.deepEqual(broken, []);
});
