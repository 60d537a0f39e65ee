// The npm package, and the tree that the .deb and the tarball share: lib/xsplice with the command, the npm packages
// that it needs, and Node; share/ with what shells and man(1) look for; licences/ of all that is bundled.

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";
import { run } from "./run.mjs";

/** Of the npm packages: valibot would take TypeScript where it is; koffi has a binary for musl, too. */
const UNUSED = ["typescript", "@typescript", "@koromix/koffi-linux-x64/musl_x64"];

export function packNpm(out) {
  const file = run("npm", ["pack", "--silent", "--pack-destination", out], { cwd: root });
  return join(out, file.toString().trim());
}

/** @returns `tree` */
export function stage(tree, npm, node) {
  const lib = join(tree, "lib/xsplice");
  mkdirSync(lib, { recursive: true });
  run("tar", ["-xzf", npm, "-C", lib, "--strip-components=1"]);
  installPackages(lib);
  mkdirSync(join(lib, "bin"));
  cpSync(join(node, "bin/node"), join(lib, "bin/node"));
  chmodSync(join(lib, "bin/node"), 0o755);
  gatherLicences(tree, lib, node);
  gatherShare(tree, lib);
  // The library is for programs of others, by the npm package.
  for (const unused of ["dist/src", "share/man", "package-lock.json", "LICENSE", "NOTICE"]) {
    rmSync(join(lib, unused), { recursive: true, force: true });
  }
  return tree;
}

/** Those of package-lock.json, by their digests; for Linux on x86-64 alone. */
function installPackages(lib) {
  cpSync(join(root, "package-lock.json"), join(lib, "package-lock.json"));
  const platform = ["--os=linux", "--cpu=x64", "--libc=glibc"];
  const quiet = ["--silent", "--no-audit", "--no-fund", "--no-bin-links", "--prefer-offline"];
  run("npm", ["ci", "--omit=dev", "--ignore-scripts", ...platform, ...quiet], { cwd: lib });
  const packages = join(lib, "node_modules");
  rmSync(join(packages, ".package-lock.json"));
  for (const name of UNUSED) rmSync(join(packages, name), { recursive: true, force: true });
  // What only a compiler or a debugger reads.
  removeFiles(packages, /\.(map|d\.[cm]?ts)$/);
  removeFiles(join(packages, "koffi"), /\.(c|cc|h|hh|S|asm|inc|def)$/);
  removeFiles(join(lib, "dist/bundle"), /\.map$/);
}

function removeFiles(folder, which) {
  for (const name of readdirSync(folder, { recursive: true }).filter((one) => which.test(one)))
    rmSync(join(folder, name));
}

export function packagesIn(lib) {
  const packages = join(lib, "node_modules");
  return readdirSync(packages, { recursive: true })
    .filter((name) => /(^|node_modules\/)(@[^/]+\/)?[^/@]+\/package\.json$/.test(name))
    .map((name) => ({
      folder: join(packages, name, ".."),
      name: name.replace(/\/package\.json$/, ""),
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function gatherLicences(tree, lib, node) {
  const folder = join(tree, "licences");
  mkdirSync(folder);
  cpSync(join(root, "LICENSE"), join(tree, "LICENSE"));
  cpSync(join(root, "NOTICE"), join(tree, "NOTICE"));
  cpSync(join(node, "LICENSE"), join(folder, "node"));
  for (const { folder: own, name } of packagesIn(lib)) {
    const texts = readdirSync(own).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    const place = join(folder, name.replaceAll("/", "+"));
    for (const text of texts)
      cpSync(join(own, text), texts.length === 1 ? place : `${place}+${text}`);
  }
}

function gatherShare(tree, lib) {
  const share = join(tree, "share");
  mkdirSync(join(share, "man"), { recursive: true });
  cpSync(join(lib, "share/man"), join(share, "man/man1"), { recursive: true });
  const command = [join(lib, "bin/node"), join(lib, "dist/bundle/cli/main.js")];
  for (const [shell, place] of [
    ["bash", "bash-completion/completions/xsplice"],
    ["zsh", "zsh/vendor-completions/_xsplice"],
    ["fish", "fish/vendor_completions.d/xsplice.fish"],
  ]) {
    const path = join(share, place);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, run(command[0], [command[1], "completion", shell]));
  }
  if (!existsSync(join(share, "man/man1/xsplice.1"))) throw new Error("there is no man page");
}

export function licenceOf(folder) {
  const { license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return typeof license === "string" ? license : undefined;
}
