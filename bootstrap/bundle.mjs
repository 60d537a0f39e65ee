// Puts the modules of the command into few files, dist/bundle/: node would look for each of some 700
// modules by itself, which takes longer than most commands do. Files, since commands load only what
// they need. The folder lies as deep as dist/src/cli/, so that paths relative to a module stay right.
//
// Programs import the modules in dist/src/, as package.json says; nothing of other packages is copied.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Not a name that esbuild makes. */
const STEPS = "load-in-steps.js";
const FILES_AT_ONCE = 16;
const folder = join(root, "dist/bundle/cli");
const modules = join(root, "dist/src");

/** Of all modules, so that what one version of them has found is not taken for another's (src/builder/code-digest.ts). */
function digestOfCode() {
  const hash = createHash("sha256").update(readFileSync(join(root, "package.json")));
  const files = readdirSync(modules, { recursive: true }).filter((name) => name.endsWith(".js"));
  for (const name of files.sort())
    hash.update(`${name}\0`).update(readFileSync(join(modules, name)));
  return hash.digest("hex");
}

/**
 * Node opens all files at once that an import leads to, and fails where a process may have few. So what a
 * dynamic import needs is loaded before it, some files at a time, each after those that it needs itself.
 */
function limitOpenFiles(outputs) {
  const closures = {};
  for (const { imports } of Object.values(outputs)) {
    for (const { path, kind } of imports) {
      if (kind === "dynamic-import" && path in outputs) {
        closures[`./${basename(path)}`] ??= neededBy(path, outputs).map((one) => `./${one}`);
      }
    }
  }
  writeFileSync(
    join(folder, STEPS),
    `import { readFileSync } from "node:fs";
const closures = ${JSON.stringify(closures)};
let turn = Promise.resolve();
async function loadNow(path) {
  const files = closures[path];
  for (let at = 0; at < files.length; at += ${FILES_AT_ONCE}) {
    await Promise.all(files.slice(at, at + ${FILES_AT_ONCE}).map((file) => import(file)));
  }
  return import(path);
}
/** A limit of 1024 and more is none for us, and all at once is quicker. */
function mayOpenFew() {
  try {
    const [, limit] = /^Max open files +(\\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return Number(limit) < 1024;
  } catch {
    return true;
  }
}
const isLimited = mayOpenFew();
export function load(path) {
  if (!isLimited) return import(path);
  const loading = turn.then(() => loadNow(path));
  turn = loading.catch(() => {});
  return loading;
}
`,
  );
  for (const path of Object.keys(outputs).filter((name) => name.endsWith(".js"))) {
    const place = join(root, path);
    const text = readFileSync(place, "utf8");
    const stepped = text.replaceAll(/\bimport\((".\/[\w.-]+\.js")\)/g, "loadInSteps($1)");
    if (stepped === text) continue;
    // On a line that is there: the source maps stay right for the others.
    const [, start, rest] = /^(#![^\n]*\n)?(.*)$/s.exec(stepped);
    const importing = `import { load as loadInSteps } from "./${STEPS}";`;
    writeFileSync(place, `${start ?? ""}${importing}${rest}`);
  }
}

/** File names, each after those that it imports itself. */
function neededBy(path, outputs, seen = new Set([path])) {
  return outputs[path].imports.flatMap((one) => {
    if (one.kind !== "import-statement" || !(one.path in outputs) || seen.has(one.path)) return [];
    seen.add(one.path);
    return [...neededBy(one.path, outputs, seen), basename(one.path)];
  });
}

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["dist/src/cli/main.js"],
  outdir: folder,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  define: { XSPLICE_CODE_DIGEST: JSON.stringify(digestOfCode()) },
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
});
limitOpenFiles(metafile.outputs);
// Of a former run; deleted last, since a command may be running.
const written = new Set([STEPS, ...Object.keys(metafile.outputs).map((path) => basename(path))]);
for (const name of readdirSync(folder)) if (!written.has(name)) rmSync(join(folder, name));
