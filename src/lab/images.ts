// Disk images for a lab's dom0, layered as its root file system: Node with the libraries of this
// machine; Xen's stock tools; an ssh server.

import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { PartState } from "../parts/parts.ts";
import { runProcess } from "../parts/run-process.ts";
import { digestOf, digestOfFile } from "./digest.ts";
import { LabError } from "./errors.ts";
import { madeOnce } from "./made-once.ts";
import { withOwnLibraries } from "./own-libraries.ts";

/** Part of the images' names; increase it with every change of their contents here. */
const RECIPE = 2;

type FetchedPart = Exclude<PartState, { kind: "missing" }>;

export interface Image {
  readonly path: string;
  readonly identity: string;
}

export interface ImageMaker {
  readonly cache: string;
  readonly squashfsTools: FetchedPart;
  readonly signal?: AbortSignal | undefined;
}

/** The Node that runs this process, at /usr/bin/node, and its libraries where its loader looks for them. */
export async function buildNodeImage(maker: ImageMaker): Promise<Image> {
  const node = realpathSync(process.execPath);
  const libraries = await librariesOf(node);
  const files = [node, ...libraries];
  const identity = digestOf(RECIPE, "node", ...files.flatMap((path) => [path, digestOfFile(path)]));
  return await makeImage(maker, `node-${identity}`, async (root) => {
    for (const library of libraries) copyInto(root, library, library);
    copyInto(root, node, "usr/bin/node");
    // Reads the program into memory, so that a snapshot contains it.
    writeStartScript(root, "node", "node -e 0\n");
  });
}

/** A part in /opt/NAME, with its programs in /usr/sbin, started with their own libraries. */
export async function buildProgramsImage(
  maker: ImageMaker,
  name: string,
  part: Extract<PartState, { kind: "cached" }>,
  start: string,
): Promise<Image> {
  const identity = digestOf(RECIPE, name, part.manifest.identity, start);
  return await makeImage(maker, `${name}-${identity}`, async (root) => {
    const home = join(root, "opt", name);
    for (const folder of ["lib", "lib64", "usr/lib/x86_64-linux-gnu", "usr/lib64"]) {
      copyTree(join(part.root, folder), join(home, folder));
    }
    for (const folder of programFolders(part.root)) {
      copyTree(join(part.root, folder), join(home, folder));
      for (const program of readdirSync(join(part.root, folder))) {
        writeStarter(root, join(folder, program), name, part.root);
      }
    }
    if (start !== "") writeStartScript(root, name, start);
  });
}

/** share/lab/init.sh runs these before the agents. */
function writeStartScript(root: string, name: string, text: string): void {
  mkdirSync(join(root, "etc/lab-start"), { recursive: true });
  writeFileSync(join(root, "etc/lab-start", name), text);
}

function programFolders(root: string): string[] {
  const xen = existsSync(join(root, "usr/lib")) ? readdirSync(join(root, "usr/lib")) : [];
  const own = xen.filter((name) => /^xen-\d/.test(name)).map((name) => `usr/lib/${name}/bin`);
  return [...own, "usr/bin", "usr/sbin"].filter((folder) => existsSync(join(root, folder)));
}

function writeStarter(root: string, program: string, name: string, partRoot: string): void {
  const argv = withOwnLibraries(partRoot, program, `/opt/${name}`);
  const path = join(root, "usr/sbin", program.replace(/.*\//, ""));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec ${argv.join(" ")} "$@"\n`);
  chmodSync(path, 0o755);
}

async function makeImage(
  { cache, squashfsTools, signal }: ImageMaker,
  name: string,
  fill: (root: string) => Promise<void>,
): Promise<Image> {
  const make = async (path: string): Promise<void> => {
    const root = `${path}.root`;
    mkdirSync(root);
    await fill(root);
    const tool =
      squashfsTools.kind === "provided"
        ? [squashfsTools.program]
        : withOwnLibraries(squashfsTools.root, "usr/bin/mksquashfs");
    // Uncompressed, because decompression is slow on a lab's emulated processor.
    const flags = ["-noappend", "-all-root", "-noI", "-noD", "-noF", "-noX", "-quiet"];
    const { exitCode, stderr } = await runProcess([...tool, root, path, ...flags]);
    rmSync(root, { recursive: true, force: true });
    if (exitCode === 0) return;
    throw new LabError({
      code: "lab/build-failed",
      problem: `Cannot make disk image "${name}": mksquashfs ended with ${exitCode ?? "a signal"}`,
      where: stderr.trim(),
    });
  };
  return { path: await madeOnce(cache, `images/${name}`, make, signal), identity: name };
}

/** As the machine's own loader resolves them. */
async function librariesOf(program: string): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runProcess(["ldd", program]);
  const paths = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  if (exitCode === 0 && paths.length > 0) return paths;
  throw new LabError({
    code: "lab/build-failed",
    problem: `Cannot put Node into a lab: the libraries of "${program}" could not be found`,
    where: stderr.trim(),
  });
}

function copyInto(root: string, source: string, target: string): void {
  const path = join(root, target);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(source, path);
  chmodSync(path, 0o755);
}

function copyTree(source: string, target: string): void {
  if (!existsSync(source)) return;
  cpSync(source, target, { recursive: true, verbatimSymlinks: true });
}
