import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { mayImport } from "./layers.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const source = join(root, "src");
const openToAll = ["error.ts", "invariant.ts", "quote-word.ts", "sorted.ts", "system-state.ts"];
/** Tests beside the code may use the helpers of test/, and all that lies below their folder. */
const testOnly = /\.test(\.support)?\.ts$/;

function sourceFiles(): string[] {
  return typescriptBelow(source);
}

function typescriptBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return entries.filter((name) => name.endsWith(".ts"));
}

function relativeImportsOf(file: string): string[] {
  const text = readFileSync(join(source, file), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)];
  return specifiers.map(([, path]) => relative(source, resolve(source, dirname(file), path ?? "")));
}

test("every folder imports only what the table of layers allows", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles()) {
    const folder = file.split("/")[0] ?? "";
    for (const imported of relativeImportsOf(file)) {
      const target = imported.split("/")[0] ?? "";
      if (testOnly.test(file) && imported.startsWith("../test/")) continue;
      const open = testOnly.test(file) ? below(folder) : (mayImport[folder] ?? []);
      const allowed =
        target === folder ||
        openToAll.includes(imported) ||
        open.includes(target) ||
        open.includes(imported);
      if (!allowed && folder !== "error.test.ts") wrong.push(`src/${file} imports src/${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("every folder below src/ stands in the table of layers and has rooms, but none within rooms", () => {
  for (const file of sourceFiles()) {
    const parts = file.split("/");
    assert.ok(parts.length <= 3, `src/${file} is nested too deep`);
    if (parts.length > 1) assert.ok(parts[0] && parts[0] in mayImport, `src/${file}: no layer`);
  }
});

test("no file imports itself through others, types included", () => {
  const imports = new Map(sourceFiles().map((file) => [file, relativeImportsOf(file)]));
  assert.deepEqual(findCircles(imports), []);
});

test("no folder of src/ has more than 40 files beside each other, tests included", () => {
  const counts = new Map<string, number>();
  for (const file of sourceFiles()) {
    counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  }
  const wide = [...counts].filter(([, count]) => count > 40);
  assert.deepEqual(wide, []);
});

test("only cli/ and what starts it prints, reads the environment or exits", () => {
  const rim = /\bconsole\.(log|error|warn|info)\(|\bprocess\.(exit|stdout|stderr|argv)\b/;
  const wrong = sourceFiles()
    .filter((file) => !/^cli\/|^start\/main|\.test\.ts$/.test(file))
    .filter((file) => rim.test(readFileSync(join(source, file), "utf8")));
  assert.deepEqual(wrong, []);
});

test("docs/architecture.md shows the same table of layers", () => {
  const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
  for (const [folder, allowed] of Object.entries(mayImport)) {
    const row = `| \`src/${folder}/\` | ${allowed.length > 0 ? allowed.map((name) => `\`${name}\``).join(" ") : "nothing"} |`;
    assert.ok(page.includes(row), `docs/architecture.md lacks the row:\n${row}`);
  }
});

test("no file has more than 250 lines, tests included", () => {
  const files = ["src", "test", "bench", "examples"].flatMap((folder) =>
    typescriptBelow(join(root, folder)).map((file) => join(folder, file)),
  );
  const long = files
    .map((file) => ({
      file,
      lines: readFileSync(join(root, file), "utf8").match(/\n/g)?.length ?? 0,
    }))
    .filter(({ lines }) => lines > 250);
  assert.deepEqual(long, []);
});

test("a path relative to a module is right in the bundle of the command, too", () => {
  // bootstrap/bundle.mjs puts all modules as deep as src/FOLDER/FILE.ts is.
  const deep = sourceFiles().filter(
    (file) =>
      !testOnly.test(file) &&
      file.split("/").length !== 2 &&
      /new URL\([^)]*import\.meta\.url/.test(readFileSync(join(source, file), "utf8")),
  );
  assert.deepEqual(deep, []);
});

/** Whatever the folder imports, directly or through others. */
function below(folder: string, found: Set<string> = new Set()): readonly string[] {
  for (const name of mayImport[folder] ?? []) {
    if (found.has(name)) continue;
    found.add(name);
    below(name, found);
  }
  return [...found];
}

/** Each as the files on it, in the order of the imports: `a.ts → b.ts → a.ts`. */
function findCircles(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) circles.push([...path.slice(start), file].join(" → "));
    if (start !== -1 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return circles;
}
