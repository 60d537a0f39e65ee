// Puts the modules of the command into few files, dist/bundle/: node would look for each of some 700
// modules by itself, which takes longer than most commands do. Files, since commands load only what
// they need. The folder lies as deep as dist/src/cli/, so that paths relative to a module stay right.
//
// CommonJS, since node loads it in less time than modules, and one file after the other, so that few
// are open at once. esbuild splits modules only, so it writes modules first.
//
// Programs import the modules in dist/src/, as package.json says.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { licencesOf, packagesIn } from "./bundled-packages.mjs";

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

/** commander starts programs of other names as its subcommands. We have none; loading what starts them takes 5 ms. */
const withoutSubprograms = {
  name: "without-subprograms",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/commander\/lib\/command\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      const contents = text.replace("require('node:child_process')", "undefined");
      if (contents === text) throw new Error(`${path} loads node:child_process in another way now`);
      return { contents };
    }),
};

const target = "node20";
const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["dist/src/cli/main.js"],
  outdir: folder,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target,
  // Those with WebAssembly or machine code beside their own code, and a large one that one command uses.
  external: ["@alexaltea/capstone-js", "@tufjs/models", "iced-x86", "koffi", "tuf-js"],
  plugins: [withoutSubprograms],
  define: { XSPLICE_CODE_DIGEST: JSON.stringify(digestOfCode()) },
  sourcemap: "inline",
  metafile: true,
  write: false,
  logLevel: "warning",
});

async function toCommonJs({ path, text }) {
  const name = basename(path);
  const { code, map } = await transform(text, {
    format: "cjs",
    platform: "node",
    target,
    // Else a module would be loaded by node's loader for modules.
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "importMetaUrl" },
    banner: text.includes("import.meta.url")
      ? 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;'
      : "",
    sourcemap: "external",
    sourcefile: name,
  });
  return [
    [name, `${code}//# sourceMappingURL=${name}.map\n`],
    [`${name}.map`, map],
  ];
}

const files = new Map((await Promise.all(outputFiles.map(toCommonJs))).flat());
mkdirSync(folder, { recursive: true });
for (const [name, text] of files) writeFileSync(join(folder, name), text, { mode: 0o755 });
writeFileSync(join(folder, "../package.json"), '{ "type": "commonjs" }\n');
writeFileSync(join(folder, "../LICENCES"), licencesOf(packagesIn(metafile.inputs), root));
// Of a former run; deleted last, since a command may be running.
for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
