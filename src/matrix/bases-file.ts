// The list of bases that a fix is built for. Paths in it are relative to the directory that it lies in.

import { isAbsolute, join } from "node:path";
import * as v from "valibot";
import { type Described, decodeJson } from "../json/decode-json.ts";
import { maybe } from "../json/fields.ts";
import { MatrixError } from "./errors.ts";

const text = v.pipe(v.string(), v.nonEmpty());

const baseSchema = v.strictObject({
  label: maybe(text),
  /** One word, as `--base` takes it. */
  base: maybe(text),
  /** Paths, where no word says them. */
  source: maybe(text),
  "xen-syms": maybe(text),
  config: maybe(text),
  /** What a lab boots, for proofs. */
  image: maybe(text),
  compiler: maybe(text),
  /** In place of the fix of the command line. */
  series: maybe(text),
  /** Patches of both sides. */
  pristine: maybe(v.array(text)),
  /** VERSION-RELEASE of its package, for names of files. */
  version: maybe(text),
});

const listSchema = v.strictObject({ bases: v.pipe(v.array(baseSchema), v.minLength(1)) });

/** One of the list; its paths are those of the machine. */
export interface MatrixBase {
  readonly label: string;
  readonly word: string | undefined;
  readonly source: string | undefined;
  readonly xenSyms: string | undefined;
  readonly config: string | undefined;
  readonly image: string | undefined;
  readonly compiler: string | undefined;
  readonly series: string | undefined;
  readonly pristine: readonly string[];
  readonly version: string | undefined;
  /** Hex, where it is known before. */
  readonly buildId: string | undefined;
}

const EXAMPLE =
  '{"bases": [{"base": "debian:12", "label": "Debian 12"}, {"label": "4.17.4-5", "source": "xen", "xen-syms": "xen-syms", "config": "xen.config"}]}';

/** @param path of the list. @throws MatrixError matrix/bad-bases */
export function decodeBases(content: string, path: string, folder: string): readonly MatrixBase[] {
  const decoded = decodeJson(content, listSchema);
  if (decoded.kind === "problem") throw badBases(path, decoded.problem);
  const bases = decoded.value.bases.map((base, index) => toBase(base, { path, folder, index }));
  const labels = bases.map(({ label }) => label);
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) throw badBases(path, `two bases have the label "${twice}"`);
  return bases;
}

function toBase(
  base: Described<typeof baseSchema>,
  at: { readonly path: string; readonly folder: string; readonly index: number },
): MatrixBase {
  const place = (path: string) => (isAbsolute(path) ? path : join(at.folder, path));
  const placeOf = (path: string | undefined) => (path === undefined ? undefined : place(path));
  const { source, config, "xen-syms": xenSyms, image, compiler, series, version } = base;
  requireEnough(base, at);
  return {
    label: base.label ?? base.base ?? xenSyms ?? "",
    word: base.base === undefined ? undefined : wordAt(base.base, place),
    source: placeOf(source),
    xenSyms: placeOf(xenSyms),
    config: placeOf(config),
    image: placeOf(image),
    compiler: compiler?.includes("/") ? place(compiler) : compiler,
    series: placeOf(series),
    pristine: (base.pristine ?? []).map(place),
    version,
    buildId: undefined,
  };
}

/** Of the words only a directory is a path. */
function wordAt(word: string, place: (path: string) => string): string {
  const isPath = /[/]|^\.{1,2}$/.test(word) && !/^(ssh|debian|debian-arm64):/.test(word);
  return isPath ? place(word) : word;
}

function requireEnough(
  base: Described<typeof baseSchema>,
  { path, index }: { readonly path: string; readonly index: number },
): void {
  const files = ["source", "xen-syms", "config"] as const;
  if (base.base !== undefined) {
    const both = (["xen-syms", "config", "image"] as const).find((name) => base[name]);
    if (both === undefined) return;
    throw badBases(path, `bases[${index}] has "base" and "${both}", which the base brings`);
  }
  const missing = files.find((name) => base[name] === undefined);
  if (missing !== undefined) throw badBases(path, `bases[${index}] has no "${missing}"`);
}

function badBases(path: string, problem: string): MatrixError {
  return new MatrixError({
    code: "matrix/bad-bases",
    problem: `Cannot use "${path}" as a list of bases: ${problem}`,
    expected: `JSON such as ${EXAMPLE}`,
    remedy:
      'each has "base" (a word as --base takes it), or "source", "xen-syms" and "config"; besides "label", "compiler", "series", "pristine", "image", "version" where they help',
  });
}
