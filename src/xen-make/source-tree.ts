// The user's source of Xen, which is read and never changed: which files the hypervisor is built
// from, and one digest of them all. The hypervisor's build needs `xen/`, `config/` and `Config.mk`;
// what a build leaves there is not source (not-source.ts).

import { createHash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { BuildError } from "../build-outcome/build-error.ts";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";
import { isMadeLink, isNoSource, isOfBuildDirectory } from "./not-source.ts";

export interface SourceFile {
  /** Below the source directory, such as `xen/common/kernel.c`. */
  readonly path: string;
  readonly content:
    | { readonly kind: "file"; readonly bytes: Uint8Array; readonly executable: boolean }
    | { readonly kind: "link"; readonly target: string };
}

export interface SourceTree {
  readonly folder: string;
  readonly version: TreeVersion;
  /** In order of their paths. */
  readonly files: readonly SourceFile[];
  /** SHA-256 over paths and contents, in hex. */
  readonly digest: string;
}

/** All that the hypervisor is built from; the rest is tools, documents and other programs. */
const needed = ["Config.mk", "config", "xen"] as const;
/** Some of what every release has, from all corners. */
const wholeSource = [
  ...["Config.mk", "config", "xen/Rules.mk", "xen/common", "xen/arch/x86", "xen/include"],
] as const;
/** What node puts in the place of bytes of a name that are no UTF-8. */
const NO_CHARACTER = "\ufffd";
/** More than any tree has; what is larger is no Xen. */
const FILES_MAX = 20_000;

/** @throws BuildError build/no-source-tree */
export function readSourceTree(folder: string): SourceTree {
  const { point: _point, ...version } = readSourceVersion(folder);
  requireWhole(folder);
  const files = needed.flatMap((name) => readBelow(folder, name));
  files.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { folder, version, files, digest: digestOf(files) };
}

/** Whether a path of a patch is part of what the hypervisor is built from. */
export function isHypervisorSource(path: string): boolean {
  return needed.some((name) => path === name || path.startsWith(`${name}/`));
}

/** Of a tree that is read: point releases of a line are alike to a build. */
type TreeVersion = Omit<SourceVersion, "point">;

export interface SourceVersion {
  readonly major: number;
  readonly minor: number;
  /** Undefined before the first release of a line, whose version ends in words. */
  readonly point: number | undefined;
  /** What Xen says behind the number where no vendor adds to it: ".5", "-rc". */
  readonly extra: string | undefined;
}

/** @throws BuildError build/no-source-tree */
export function readSourceVersion(folder: string): SourceVersion {
  let text = "";
  try {
    text = readFileSync(join(folder, "xen/Makefile"), "utf8");
  } catch (cause) {
    throw notXen(folder, `xen/Makefile: ${systemStateOf(cause)}`);
  }
  const [, major] = /^(?:export )?XEN_VERSION\s*:?=\s*(\d+)/m.exec(text) ?? [];
  const [, minor] = /^(?:export )?XEN_SUBVERSION\s*:?=\s*(\d+)/m.exec(text) ?? [];
  if (major === undefined || minor === undefined) {
    throw notXen(folder, "xen/Makefile does not name a version of Xen");
  }
  const [, extra] = /^(?:export )?XEN_EXTRAVERSION\s*\?=[ \t]*([\w.+~-]*)/m.exec(text) ?? [];
  const [, point] = /^\.(\d+)/.exec(extra ?? "") ?? [];
  return {
    major: Number(major),
    minor: Number(minor),
    point: point === undefined ? undefined : Number(point),
    extra,
  };
}

/** Where the release can be read, somebody may still have unpacked only a part. */
function requireWhole(folder: string): void {
  const missing = wholeSource.find((path) => !existsSync(join(folder, path)));
  if (missing === undefined) return;
  throw new BuildError({
    code: "build/no-source-tree",
    problem: `Cannot build from "${folder}": it is only a part of Xen's source`,
    where: `it has no ${missing}`,
    expected: wholeSource.join(", "),
    remedy: "unpack or check out all of it",
  });
}

function readBelow(folder: string, path: string): SourceFile[] {
  const entries = listFolder(join(folder, path));
  if (entries === undefined) return [readSource(folder, path)];
  const siblings = new Set(entries.map(({ name }) => name));
  if (isBuildDirectory(join(folder, path), siblings)) return [];
  const files: SourceFile[] = [];
  for (const entry of entries) {
    const below = `${path}/${entry.name}`;
    if (isNoSource(below, siblings)) continue;
    if (entry.isDirectory()) files.push(...readBelow(folder, below));
    else if (entry.isSymbolicLink()) {
      const target = readlinkSync(join(folder, below));
      if (isMadeLink(below, target)) continue;
      if (leadsOut(folder, below, target)) throw linkOut(folder, below, target);
      files.push({ path: below, content: { kind: "link", target } });
    } else if (!entry.isFile()) {
      throw notReadable(folder, below, "it is a pipe, a socket or a device");
    } else if (entry.name.includes(NO_CHARACTER)) {
      throw notReadable(folder, below, "its name is no UTF-8");
    } else files.push(readSource(folder, below));
    if (files.length > FILES_MAX) throw notXen(folder, `more than ${FILES_MAX} files`);
  }
  return files;
}

/** Of `make O=`: it leads back to the source. */
function isBuildDirectory(place: string, siblings: ReadonlySet<string>): boolean {
  if (!siblings.has("source") || !siblings.has("Makefile")) return false;
  return isOfBuildDirectory(readFileSync(join(place, "Makefile"), "latin1"));
}

function listFolder(place: string) {
  try {
    return readdirSync(place, { withFileTypes: true });
  } catch (error) {
    if (codeOfSystemError(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function readSource(folder: string, path: string): SourceFile {
  const place = join(folder, path);
  const bytes = readFileSync(place);
  const executable = (statSync(place).mode & 0o100) !== 0;
  return { path, content: { kind: "file", bytes, executable } };
}

/** In a copy of the source it would lead there as well, and make would write through it. */
function leadsOut(folder: string, path: string, target: string): boolean {
  if (isAbsolute(target) || isOutside(relative(".", join(dirname(path), target)))) return true;
  try {
    return isOutside(relative(realpathSync(folder), realpathSync(join(folder, path))));
  } catch {
    return false; // It leads nowhere.
  }
}

function isOutside(below: string): boolean {
  return below === ".." || below.startsWith("../");
}

function notReadable(folder: string, path: string, state: string): BuildError {
  return new BuildError({
    code: "build/no-source-tree",
    problem: `Cannot build from "${folder}": ${state}`,
    where: path,
    expected: "the files of Xen's source",
    remedy: "remove it, or unpack the source anew",
  });
}

function linkOut(folder: string, path: string, target: string): BuildError {
  return new BuildError({
    code: "build/no-source-tree",
    problem: `Cannot build from "${folder}": a symbolic link in it leads out of it`,
    where: `${path} -> ${target}`,
    expected: "links to files of the source, if any",
    remedy: "put the file itself in the place of the link",
  });
}

function digestOf(files: readonly SourceFile[]): string {
  const hash = createHash("sha256");
  for (const { path, content } of files) {
    if (content.kind === "link") hash.update(`${path}\0link\0${content.target}\0`);
    else {
      hash.update(`${path}\0${content.executable ? "program" : "file"}\0${content.bytes.length}\0`);
      hash.update(content.bytes);
    }
  }
  return hash.digest("hex");
}

function notXen(folder: string, reason: string): BuildError {
  const isBelow = existsSync(join(folder, "Rules.mk")) && existsSync(join(folder, "common"));
  return new BuildError({
    code: "build/no-source-tree",
    problem: `Cannot build from "${folder}": it does not contain the source of Xen`,
    where: reason,
    expected: "a directory with xen/Makefile, Config.mk and config/, as in Xen's releases",
    remedy: isBelow
      ? `pass the directory above it: ${dirname(resolve(folder))}`
      : "pass the top directory of the unpacked source package as --source",
  });
}
