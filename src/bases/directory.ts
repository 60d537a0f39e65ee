// A directory as a base. Four kinds are known by what lies in them: one that `base.json` describes; the
// xen-lp-devel of XenServer and XCP-ng; a source tree in which Xen was built; a directory that Xen was
// built into by `make O=`.

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { decodeJson } from "../json/decode-json.ts";
import { codeOfSystemError } from "../system-state.ts";
import { type BaseParts, baseParts, type PartsNeed } from "./base.ts";
import { BaseError } from "./errors.ts";
import { pathFromPrepareBuild } from "./prepare-build.ts";

const DESCRIPTION = "base.json";

const text = v.pipe(v.string(), v.nonEmpty());
const descriptionSchema = v.strictObject({
  /** Paths, relative to the directory. */
  "xen-syms": text,
  source: v.optional(text),
  config: v.optional(text),
  image: v.optional(text),
  compiler: v.optional(text),
  "build-id": v.optional(v.pipe(v.string(), v.regex(/^([0-9a-f]{2}){8,32}$/i))),
});

type Reader = (folder: string) => BaseParts | undefined;
const readers: readonly Reader[] = [readDescribed, readLpDevel, readBuiltTree, readBuildFolder];

/** @throws BaseError base/not-found, base/bad-file, base/incomplete */
export function openDirectory(folder: string, need: PartsNeed): BaseParts {
  requireFolder(folder);
  for (const read of readers) {
    const parts = read(folder);
    if (parts !== undefined) return requireParts(folder, parts, need);
  }
  throw new BaseError({
    code: "base/not-found",
    problem: `Cannot use "${folder}" as a base: it is none`,
    where: `it contains ${contentsOf(folder)}`,
    expected: [
      `${DESCRIPTION}, which names xen-syms, source and config;`,
      "or xen-syms and xen/Makefile, as in xen-lp-devel of XenServer and XCP-ng;",
      "or xen/xen-syms: a source tree in which Xen was built;",
      "or xen-syms and a link source: the directory of make O=",
    ].join("\n"),
    remedy: `write ${DESCRIPTION} into it: {"xen-syms": "xen-syms", "source": "xen-4.19.1", "config": "xen.config"}`,
  });
}

function readDescribed(folder: string): BaseParts | undefined {
  const place = join(folder, DESCRIPTION);
  if (!isFile(place)) return undefined;
  const decoded = decodeJson(readFileSync(place, "utf8"), descriptionSchema);
  if (decoded.kind === "problem") throw badDescription(place, decoded.problem);
  const { source, config, image, compiler, ...named } = decoded.value;
  if (compiler?.includes("/")) throw compilerByPath(place, compiler);
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(folder, path));
  const buildId = named["build-id"]?.toLowerCase();
  return baseParts({
    title: `the base of ${place}`,
    xenSyms: resolve(folder, named["xen-syms"]),
    source: at(source),
    config: at(config),
    image: at(image),
    compiler,
    buildId: buildId === undefined ? undefined : { hex: buildId, of: place },
  });
}

/** It is run as the user: a directory that somebody gave away must not bring it along. */
function compilerByPath(place: string, compiler: string): BaseError {
  return new BaseError({
    code: "base/bad-file",
    problem: `Cannot take the compiler from "${place}": it is a path`,
    where: compiler,
    expected: "the name of a compiler that is installed here, such as gcc-13",
    remedy: `write its name there, or leave it out and say it yourself: --cc ${compiler}`,
  });
}

function badDescription(place: string, problem: string): BaseError {
  return new BaseError({
    code: "base/bad-file",
    problem: `Cannot read "${place}": ${problem}`,
    expected:
      'JSON such as {"xen-syms": "xen-syms", "source": "xen-4.19.1", "config": "xen.config"}, with "image", "compiler" and "build-id" where they help',
    remedy: "paths are relative to the directory that it lies in",
  });
}

/** Its source, symbols and settings lie in one directory; that of the debug build is not meant. */
function readLpDevel(folder: string): BaseParts | undefined {
  const xenSyms = join(folder, "xen-syms");
  if (!isFile(xenSyms) || !isFile(join(folder, "xen/Makefile"))) return undefined;
  const configs = ["config-release", "config-release-mtcollins"].map((name) =>
    join(folder, "buildconfigs", name),
  );
  return baseParts({
    title: `the sources in ${folder}`,
    xenSyms,
    source: folder,
    config: [...configs, join(folder, "xen/.config")].find(isFile),
    path: pathFromPrepareBuild(join(folder, "prepare-build")),
  });
}

function readBuiltTree(folder: string): BaseParts | undefined {
  const xenSyms = join(folder, "xen/xen-syms");
  if (!isFile(xenSyms)) return undefined;
  return builtIn(join(folder, "xen"), { xenSyms, source: folder });
}

function readBuildFolder(folder: string): BaseParts | undefined {
  const [xenSyms, link] = [join(folder, "xen-syms"), join(folder, "source")];
  if (!isFile(xenSyms) || !isFile(join(link, "Makefile"))) return undefined;
  return builtIn(folder, { xenSyms, source: dirname(realpathSync(link)) });
}

function builtIn(
  folder: string,
  { xenSyms, source }: { readonly xenSyms: string; readonly source: string },
): BaseParts {
  const inFolder = (name: string) => join(folder, name);
  return baseParts({
    title: `the Xen built in ${folder}`,
    xenSyms,
    source,
    config: [inFolder(".config")].find(isFile),
    image: ["xen.gz", "xen"].map(inFolder).find(isFile),
  });
}

/** What this command needs; a configuration may also be found in the hypervisor itself. */
function requireParts(folder: string, parts: BaseParts, need: PartsNeed): BaseParts {
  const { xenSyms, source, config, image } = parts;
  const needed: readonly (readonly [name: string, path: string | undefined])[] = [
    ["xen-syms", xenSyms],
    ...(need === "build" ? ([["source", source]] as const) : []),
    ...(need === "lab" ? ([["image", image]] as const) : []),
  ];
  const absent = needed.find(([, path]) => path === undefined);
  if (absent !== undefined) throw incomplete(folder, absent[0]);
  const named = [...needed, ...(config === undefined ? [] : [["config", config] as const])];
  for (const [name, path] of named) {
    if (path === undefined || (name === "source" ? existsSync(path) : isFile(path))) continue;
    const state = existsSync(path) ? "not a regular file" : "not there";
    throw new BaseError({
      code: "base/incomplete",
      problem: `Cannot use "${folder}" as a base: its ${name} is ${state}`,
      where: path,
      remedy: `correct the path in ${DESCRIPTION}, or put the file there`,
    });
  }
  return parts;
}

function incomplete(folder: string, name: string): BaseError {
  const why = name === "image" ? "a lab boots the image, not the symbols" : "it is compiled anew";
  return new BaseError({
    code: "base/incomplete",
    problem: `Cannot use "${folder}" as a base for this: it has no ${name}`,
    expected: name === "image" ? "xen.gz, as a boot loader takes it" : "Xen's source",
    remedy: `name it in ${join(folder, DESCRIPTION)} as "${name}": ${why}`,
  });
}

function requireFolder(folder: string): void {
  try {
    if (statSync(folder).isDirectory()) return;
  } catch (error) {
    const code = codeOfSystemError(error);
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EACCES") throw error;
  }
  throw new BaseError({
    code: "base/not-found",
    problem: `Cannot use "${folder}" as a base: there is no such directory`,
    remedy: "check the path, and the directory that it is relative to",
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

const LISTED_MAX = 8;

function contentsOf(folder: string): string {
  const names = readdirSync(folder).sort();
  if (names.length === 0) return "nothing";
  const more = names.length > LISTED_MAX ? ` and ${names.length - LISTED_MAX} more` : "";
  return `${names.slice(0, LISTED_MAX).join(", ")}${more}`;
}
