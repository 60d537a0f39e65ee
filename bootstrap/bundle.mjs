// Puts the modules of the command into few files, dist/bundle/: node would look for each of some 700
// modules by itself, which takes longer than most commands do. Files, since commands load only what
// they need. The folder lies as deep as dist/src/cli/, so that paths relative to a module stay right.
//
// Programs import the modules in dist/src/, as package.json says; nothing of other packages is copied.

import { readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "dist/bundle/cli");

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
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
});
// Of a former run; deleted last, since a command may be running.
const written = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(folder)) if (!written.has(name)) rmSync(join(folder, name));
