// Puts the modules of the command into few files, dist/bundle/: node would look for each of some 700
// modules by itself, which takes longer than most commands do. Files, since commands load only what
// they need. The folder lies as deep as dist/src/cli/, so that paths relative to a module stay right.
//
// Programs import the modules in dist/src/, as package.json says; nothing of other packages is copied.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { limitOpenFiles } from "./limit-open-files.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
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
const steps = limitOpenFiles(folder, metafile.outputs);
// Of a former run; deleted last, since a command may be running.
const written = new Set([steps, ...Object.keys(metafile.outputs).map((path) => basename(path))]);
for (const name of readdirSync(folder)) if (!written.has(name)) rmSync(join(folder, name));
