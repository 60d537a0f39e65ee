// Which objects the hypervisor consists of and how each is made, read out of a dry run of Xen's own
// make. An object that is linked can come from one compile, from a compile and a change of its
// section names (`x.init.o`), or from several compiles (`libelf.o`).

import { basename, dirname, join, normalize } from "node:path/posix";
import * as v from "valibot";
import { BuildError } from "../build-outcome/build-error.ts";
import type { Described } from "../json/decode-json.ts";
import {
  argumentOf,
  type Compile,
  compileSchema,
  fileOf,
  TREE,
} from "./listing/compile-command.ts";
import { commandsIn, type MadeCommand } from "./listing/dry-run.ts";
import { isOutside } from "./scratch-tree.ts";

const unitSchema = v.object({
  /** As it is linked into the hypervisor. */
  object: v.string(),
  compiles: v.array(compileSchema),
  /** Whose make file has the rule. */
  makeFolder: v.string(),
});
export type CompileUnit = Described<typeof unitSchema>;

export const listingSchema = v.object({
  units: v.array(unitSchema),
  /** Compiled, but not linked as they are: code that is embedded into other objects. */
  embedded: v.array(compileSchema),
  /** Links that the build makes in the tree: name to the file that is meant. */
  aliases: v.record(v.string(), v.string()),
});
export type Listing = Described<typeof listingSchema>;

interface ListingRequest {
  readonly dryRun: string;
  /** Where make was run. */
  readonly tree: string;
  /** The command that make was told to use. */
  readonly compiler: string;
  /** Links that are there already. */
  readonly known?: Listing["aliases"];
}

/** @throws BuildError build/make-failed when make names a place outside of the source */
export function parseListing({ dryRun, tree, compiler, known = {} }: ListingRequest): Listing {
  const facts = collectFacts(commandsIn(dryRun, tree), compiler, tree);
  const { compiles, madeFrom, linked, folders } = facts;
  const aliases = { ...known, ...Object.fromEntries(facts.aliases) };
  requireWithin(linked, aliases);
  const reached = new Set<string>();
  const units: CompileUnit[] = [];
  for (const object of [...linked].sort()) {
    const own = compilesOf(object, facts);
    for (const compile of own) reached.add(compile.object);
    if (own.length === 0) continue;
    const isLinkedAsItIs = own.length === 1 && own[0]?.object === object;
    units.push({
      object,
      compiles: own.map((compile) => ({
        ...resolveSource(compile, aliases),
        finishing: isLinkedAsItIs ? finishingOf(compile, facts) : undefined,
      })),
      makeFolder: own[0]?.folder ?? nearestFolder(object, folders),
    });
  }
  const embedded = [...compiles.values()]
    .filter(({ object }) => !reached.has(object) && !madeFrom.has(object))
    .map((compile) => resolveSource(compile, aliases));
  return { units, embedded, aliases };
}

/** One spelling for each file: no `./`, no `..`, no link that stands for the tree itself. */
export function normalizePath(path: string, aliases: Readonly<Record<string, string>>): string {
  const plain = normalize(path).replace(/^source\//, "");
  const known = aliases[plain];
  if (known !== undefined) return known;
  // A directory may be a link as well: include/asm.
  for (let end = plain.lastIndexOf("/"); end > 0; end = plain.lastIndexOf("/", end - 1)) {
    const folder = aliases[plain.slice(0, end)];
    if (folder !== undefined) return folder + plain.slice(end);
  }
  return plain;
}

interface Facts {
  readonly compiles: Map<string, Compile>;
  /** Object to the words of its compile, in one text. */
  readonly compiled: Map<string, string>;
  /** Object to the objects that it is put together from. */
  readonly madeFrom: Map<string, readonly string[]>;
  readonly linked: Set<string>;
  readonly folders: Set<string>;
  readonly aliases: Map<string, string>;
  /** What takes or makes an object, besides what links it: by the object, each command once. */
  readonly steps: Map<string, Map<string, readonly string[]>>;
}

/** Where objects come together without being looked at again. */
const collections = /(^|\/)(built_in(_bin)?\.o|lib\.a|prelink(_lto)?\.o)$/;
const objectName = /\.o$/;

function collectFacts(commands: readonly MadeCommand[], compiler: string, tree: string): Facts {
  const facts: Facts = {
    compiles: new Map(),
    compiled: new Map(),
    madeFrom: new Map(),
    linked: new Set(),
    folders: new Set(),
    aliases: new Map(),
    steps: new Map(),
  };
  for (const command of commands) {
    const [program] = command.words;
    if (program !== "echo" && program !== "printf") readCommand(command, compiler, facts, tree);
  }
  return facts;
}

function readCommand(command: MadeCommand, compiler: string, facts: Facts, tree: string): void {
  const { words } = command;
  const program = basename(words[0] ?? "");
  readStep(program, words, facts);
  if (command.printed[0] === compiler || /(^|-)(gcc|clang|cc)(-\d+)?$/.test(program)) {
    readCompile(command, facts, tree);
  } else if (isObjcopy.test(program)) {
    const [input, output] = words
      .slice(1)
      .filter((word) => /\.o(\.tmp)?$/.test(word))
      .slice(-2);
    // From `.x.o.tmp` it is the last step of a compile, which is known by the name x.o already.
    const isStep = input !== undefined && output !== undefined && objectName.test(input);
    if (isStep && input !== output) facts.madeFrom.set(output, [input]);
  } else if (links.test(program)) readLink(words, facts);
  else if (program === "ln") readSymbolicLink(words, facts.aliases);
  else if (/^g?make$/.test(program)) {
    const folder = words.find((word) => word.startsWith("obj="))?.slice("obj=".length);
    if (folder !== undefined) facts.folders.add(folder);
  }
}

/** Records of make, and what goes with it. */
const leavesObjects = /^(fixdep|rm|set|g?make)$/;
const isObjcopy = /(^|-)objcopy(-\d+)?$/;
const links = /(^|-)(ld(\.\w+)?|ar)$/;

function readStep(program: string, words: readonly string[], { steps }: Facts): void {
  if (leavesObjects.test(program)) return;
  const named = links.test(program)
    ? [argumentOf(words, "-o") ?? ""]
    : words.filter((word) => /\.o(\.tmp)?$/.test(word));
  for (const file of named) {
    const known = steps.get(file) ?? new Map<string, readonly string[]>();
    steps.set(file, known.set(words.join("\n"), words));
  }
}

function readCompile(
  { words, printed, folder }: MadeCommand,
  { compiles, compiled }: Facts,
  tree: string,
): void {
  if (!words.includes("-c")) return;
  const object = argumentOf(words, "-MQ") ?? argumentOf(words, "-o");
  const sources = words.filter(
    (word, at) =>
      /^[^-].*\.[cS]$/.test(word) && !/^-(o|include|M[FQT]|x|I)$/.test(words[at - 1] ?? ""),
  );
  const source = sources.at(-1);
  if (object === undefined || source === undefined) return;
  const command = printed.map((word) => word.replaceAll(`${tree}/`, `${TREE}/`));
  compiled.set(object, words.join("\n"));
  compiles.set(object, { object, source, command, ...(folder === "" ? {} : { folder }) });
}

function readLink(words: readonly string[], { madeFrom, linked }: Facts): void {
  const inputs = words.slice(1).filter((word) => /\.[oa]$/.test(word));
  const output = argumentOf(words, "-o") ?? inputs[0];
  const members = inputs.filter((input) => input !== output);
  if (output === undefined || members.length === 0) return;
  if (!collections.test(output)) {
    if (objectName.test(output)) madeFrom.set(output, members);
    return;
  }
  for (const member of members) if (!collections.test(member)) linked.add(member);
}

function readSymbolicLink(words: readonly string[], aliases: Map<string, string>): void {
  const [target, link] = words.slice(1).filter((word) => !word.startsWith("-"));
  if (target === undefined || link === undefined || !/\.[chS]$/.test(link)) return;
  aliases.set(normalize(link), normalizePath(join(dirname(link), target), {}));
}

/** Each of them once: what make says may go round in a circle. */
function compilesOf(object: string, facts: Facts, seen = new Set<string>()): Compile[] {
  const compile = facts.compiles.get(object);
  if (compile !== undefined) return [compile];
  if (seen.has(object)) return [];
  seen.add(object);
  return (facts.madeFrom.get(object) ?? []).flatMap((part) => compilesOf(part, facts, seen));
}

/** Files of these names are written and removed. */
function requireWithin(objects: Iterable<string>, aliases: Listing["aliases"]): void {
  const targets = Object.values(aliases).filter((target) => isOutside(`xen/${target}`));
  const [outside] = [...objects, ...Object.keys(aliases)].filter(isOutside).concat(targets);
  if (outside === undefined) return;
  throw new BuildError({
    code: "build/make-failed",
    problem: "Cannot build from this source: its make files make objects outside of it",
    where: outside,
    expected: "names below xen/",
  });
}

function resolveSource(compile: Compile, aliases: Readonly<Record<string, string>>): Compile {
  return { ...compile, source: normalizePath(compile.source, aliases) };
}

/**
 * What follows the compile of an object that is linked as it is, if that is all that make does to it: at
 * most that its file symbol gets the whole path (CONFIG_ENFORCE_UNIQUE_SYMBOLS).
 */
function finishingOf(compile: Compile, { steps, aliases, compiled }: Facts): Compile["finishing"] {
  const { object, source, command } = compile;
  // A link of the tree is not there yet in a dry run, and what make says of it is not what it will say.
  const isPlain = source.endsWith(".c") && !aliases.has(normalize(source));
  if (!isPlain || command.some((word) => /[<>`$|]/.test(word))) return undefined;
  const output = fileOf(compile, "-o") ?? object;
  const all = new Map([...(steps.get(output) ?? []), ...(steps.get(object) ?? [])]);
  all.delete(compiled.get(object) ?? "");
  const [last, ...more] = all.values();
  if (last === undefined) return output === object ? [] : undefined;
  const [program = "", ...words] = last;
  const renames = ["--redefine-sym", `${basename(source)}=${source}`, output, object];
  const isRenaming = isObjcopy.test(basename(program)) && words.join("\n") === renames.join("\n");
  return isRenaming && more.length === 0 ? [[...last]] : undefined;
}

function nearestFolder(object: string, folders: ReadonlySet<string>): string {
  let folder = dirname(object);
  while (folder !== "." && !folders.has(folder)) folder = dirname(folder);
  return folder;
}
