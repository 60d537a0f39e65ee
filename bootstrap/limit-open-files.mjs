// Lets the bundled command run where a process may have few files open (64 suffice).

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Not a name that esbuild makes. */
const STEPS = "load-in-steps.js";
const FILES_AT_ONCE = 16;

/**
 * Node opens all files at once that an import leads to, and fails where a process may have few. So what a
 * dynamic import needs is loaded before it, some files at a time, each after those that it needs itself.
 * Returns the name of the file that it adds. `outputs` are those of esbuild's metafile.
 */
export function limitOpenFiles(folder, outputs) {
  const closures = {};
  for (const { imports } of Object.values(outputs)) {
    for (const { path, kind } of imports) {
      if (kind === "dynamic-import" && path in outputs) {
        closures[`./${basename(path)}`] ??= neededBy(path, outputs).map((one) => `./${one}`);
      }
    }
  }
  writeFileSync(join(folder, STEPS), loaderFor(closures));
  for (const path of Object.keys(outputs).filter((name) => name.endsWith(".js"))) {
    const place = join(folder, basename(path));
    const text = readFileSync(place, "utf8");
    const stepped = text.replaceAll(/\bimport\((".\/[\w.-]+\.js")\)/g, "loadInSteps($1)");
    if (stepped === text) continue;
    // On a line that is there: the source maps stay right for the others.
    const [, start, rest] = /^(#![^\n]*\n)?(.*)$/s.exec(stepped);
    const importing = `import { load as loadInSteps } from "./${STEPS}";`;
    writeFileSync(place, `${start ?? ""}${importing}${rest}`);
  }
  return STEPS;
}

/** File names, each after those that it imports itself. */
function neededBy(path, outputs, seen = new Set([path])) {
  return outputs[path].imports.flatMap((one) => {
    if (one.kind !== "import-statement" || !(one.path in outputs) || seen.has(one.path)) return [];
    seen.add(one.path);
    return [...neededBy(one.path, outputs, seen), basename(one.path)];
  });
}

/** The module that the bundle loads in steps with. */
function loaderFor(closures) {
  return `import { readFileSync } from "node:fs";
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
`;
}
