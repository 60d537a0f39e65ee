// Puts the modules of the command into few files, dist/bundle/: node would look for each of some 700
// modules by itself, which takes longer than most commands do. Files, since commands load only what
// they need. The folder lies as deep as dist/src/cli/, so that paths relative to a module stay right.
//
// CommonJS, since that can be loaded with V8's code of an earlier run (src/start/), and one file after the
// other, so that few are open at once. esbuild splits modules only, so it writes modules first.
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
  entryPoints: { command: "dist/src/cli/main.js" },
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

/** A file of CommonJS knows its path, and a module its URL. */
const ownUrl = {
  define: { "import.meta.url": "importMetaUrl" },
  banner: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;',
};

async function toCommonJs({ path, text }) {
  const name = basename(path);
  // Only what is run itself has a line for the shell.
  const { code, map } = await transform(text.replace(/^#!.*/, ""), {
    format: "cjs",
    platform: "node",
    target,
    // Else a module would be loaded by node's loader for modules.
    supported: { "dynamic-import": false },
    define: ownUrl.define,
    banner: text.includes("import.meta.url") ? ownUrl.banner : "",
    sourcemap: "external",
    sourcefile: name,
  });
  return [
    [name, `${code}//# sourceMappingURL=${name}.map\n`],
    [`${name}.map`, map],
  ];
}

/** What loads the command's files, and writes what V8 made of them. Both find the bundle by its digest. */
async function buildStart(digest) {
  const { loadTree } = await import(join(modules, "cli/command-tree.js"));
  const sections = await loadTree([]);
  const names = sections.flatMap(({ entries }) => entries.map(({ name }) => name));
  const { outputFiles: built } = await build({
    absWorkingDir: root,
    entryPoints: ["dist/src/start/main.js", "dist/src/start/keep-code.js"],
    outdir: folder,
    bundle: true,
    format: "cjs",
    platform: "node",
    target,
    define: {
      ...ownUrl.define,
      XSPLICE_BUNDLE_DIGEST: JSON.stringify(digest),
      XSPLICE_COMMANDS: JSON.stringify(names),
    },
    banner: { js: ownUrl.banner },
    write: false,
    logLevel: "warning",
  });
  return built.map(({ path, text }) => [basename(path), text]);
}

function digestOf(texts) {
  const hash = createHash("sha256");
  for (const [name, text] of texts) hash.update(`${name}\0${text.length}\0`).update(text);
  return hash.digest("hex");
}

const commandFiles = (await Promise.all(outputFiles.map(toCommonJs))).flat();
const files = new Map([...commandFiles, ...(await buildStart(digestOf(commandFiles)))]);
mkdirSync(folder, { recursive: true });
for (const [name, text] of files) writeFileSync(join(folder, name), text, { mode: 0o755 });
writeFileSync(join(folder, "../package.json"), '{ "type": "commonjs" }\n');
writeFileSync(join(folder, "../LICENCES"), licencesOf(packagesIn(metafile.inputs), root));
// Of a former run; deleted last, since a command may be running.
for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
