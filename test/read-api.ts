// The public API as the code has it: for each door of package.json's `exports` the names that it
// exports, each with its declaration and what is said of it. Reads the declarations that tsc writes,
// in which every type is spelt out, and mod.ts for what a door is.

import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Door {
  /** `elf` of `xsplice/elf`. */
  readonly name: string;
  /** What its file says of itself. */
  readonly about: string;
  readonly entries: readonly ApiEntry[];
}

export interface ApiEntry {
  readonly name: string;
  readonly declaration: Declaration;
}

export interface Declaration {
  readonly name: string;
  readonly kind: "function" | "class" | "const" | "interface" | "type";
  /** As tsc writes it, without the comment before it. */
  readonly text: string;
  /** The comment before it, as one paragraph; "" without one. */
  readonly about: string;
  readonly isExported: boolean;
  /** From the root of the sources. */
  readonly file: string;
}

interface DeclarationFile {
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** By the name that they have here: what other files of the project declare. */
  readonly imports: ReadonlyMap<string, ImportedName>;
  readonly exports: readonly ImportedName[];
}

interface ImportedName {
  readonly path: string;
  readonly name: string;
}

const known = new Map<string, DeclarationFile>();

export function readDoors(): readonly Door[] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return Object.entries<string>(exports)
    .filter(([, target]) => target.endsWith(".js"))
    .map(([path, target]) => readDoor(path.slice(2), join(root, target.replace(/\.js$/, ".d.ts"))));
}

function readDoor(name: string, path: string): Door {
  const { declarations, exports } = declarationsOf(path);
  const own = [...declarations.values()].filter(({ isExported }) => isExported);
  const others = exports.map((exported) => requireDeclaration(exported));
  const entries = [...own, ...others].map((declaration) => ({
    name: declaration.name,
    declaration,
  }));
  return { name, about: headOf(sourceOf(path)), entries };
}

/** Declarations of the project that the text of one names. */
export function namedIn({ file, text, name }: Declaration): readonly Declaration[] {
  const { declarations, imports } = declarationsOf(join(root, "dist/src", file));
  const words = new Set(withoutTexts(text).match(/\b[A-Za-z_]\w*\b/g));
  return [...words].flatMap((word) => {
    const imported = imports.get(word);
    if (word === name) return [];
    if (imported !== undefined) return [requireDeclaration(imported)];
    return declarations.get(word) ?? [];
  });
}

function requireDeclaration({ path, name }: ImportedName): Declaration {
  const { declarations, exports } = declarationsOf(path);
  const passedOn = exports.find((exported) => exported.name === name);
  const found = declarations.get(name) ?? (passedOn && requireDeclaration(passedOn));
  if (found === undefined) throw new Error(`${path} does not declare ${name}`);
  return found;
}

function declarationsOf(path: string): DeclarationFile {
  const before = known.get(path);
  if (before !== undefined) return before;
  const text = readFileSync(path, "utf8");
  const file = {
    declarations: new Map(splitDeclarations(text, path).map((one) => [one.name, one])),
    imports: new Map(importsOf(text, path, "import")),
    exports: importsOf(text, path, "export").map(([, exported]) => exported),
  };
  known.set(path, file);
  return file;
}

function importsOf(
  text: string,
  path: string,
  keyword: "import" | "export",
): readonly (readonly [local: string, ImportedName])[] {
  const statements = text.matchAll(
    new RegExp(`^${keyword} (?:type )?\\{([^}]*)\\} from "(\\.[^"]+)";`, "gm"),
  );
  return [...statements].flatMap(([, names = "", from = ""]) =>
    (names.match(/\w+(?: \w+)*/g) ?? []).map((words) => {
      const [name = "", , local = name] = words.replace(/^type /, "").split(" ");
      return [local, { name, path: join(dirname(path), from.replace(/\.ts$/, ".d.ts")) }] as const;
    }),
  );
}

/** Each begins at the start of a line, perhaps with a comment; lines of one are indented or close it. */
function splitDeclarations(text: string, path: string): readonly Declaration[] {
  const begin =
    /^(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?(export )?(?:declare )?(?:abstract )?(function|class|const|interface|type) (\w+)/gm;
  const found = [...text.matchAll(begin)];
  return found.map((match, index): Declaration => {
    const [whole, comment = "", exported, kind, name = ""] = match;
    const start = match.index + comment.length;
    const end = found[index + 1]?.index ?? text.length;
    return {
      name,
      kind: kind as Declaration["kind"],
      text: text.slice(start, Math.max(end, start + whole.length - comment.length)).trim(),
      about: paragraphOf(comment),
      isExported: exported !== undefined,
      file: relative(join(root, "dist/src"), path),
    };
  });
}

function paragraphOf(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/\s*$/g, "")
    .replace(/^ *\* ?/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Comments and literals name nothing. */
function withoutTexts(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/"[^"]*"/g, "");
}

function sourceOf(declarationPath: string): string {
  const path = relative(join(root, "dist"), declarationPath).replace(/\.d\.ts$/, ".ts");
  return readFileSync(join(root, path), "utf8");
}

/** The first paragraph of the comment at the head of a file; examples may follow it. */
function headOf(source: string): string {
  const lines = source.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("// "));
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^\/\/ ?/, ""))
    .join(" ");
}
