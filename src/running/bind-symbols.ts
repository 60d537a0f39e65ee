// Binds the undefined symbols of a source to symbols of Xen: globals by their name, statics of Xen by
// the one file that defines them. All unbound symbols are reported at once.

import { BuilderError } from "../build-outcome/builder-error.ts";
import type { DraftSymbol, ElfDraft } from "../elf/draft.ts";
import type { LinkSymbol, Surroundings } from "./payload-below.ts";
import { similarNames } from "./similar-names.ts";

/**
 * Renames undefined symbols of the drafts to their names in Xen's table.
 * @throws BuilderError builder/unknown-symbol, builder/ambiguous, builder/unpatchable
 */
export function bindSymbols(drafts: readonly ElfDraft[], xen: Surroundings): void {
  const defined = new Set(drafts.flatMap(({ symbols }) => symbols.filter(isDefined).map(nameOf)));
  const undefinedSymbols = drafts
    .flatMap((draft) => referencedSymbols(draft))
    .filter(({ name, place }) => place === "undefined" && !defined.has(name));
  const unknown = new Set<string>();
  for (const symbol of undefinedSymbols) {
    const found = findXenSymbol(symbol.name, xen);
    if (found === undefined) unknown.add(symbol.name);
    else if (found.isInit) throw goneAfterBoot(found, xen);
    else if (xen.ambiguous.has(found.name)) throw ambiguousName("refer to", found, xen);
    else symbol.name = found.name;
  }
  if (unknown.size > 0) throw unknownSymbols([...unknown].sort(), xen);
  for (const draft of drafts) refuseSecondCopies(draft, xen);
}

function nameOf({ name }: DraftSymbol): string {
  return name;
}

function isDefined({ binding, place }: DraftSymbol): boolean {
  return place !== "undefined" && binding !== "STB_LOCAL";
}

function referencedSymbols(draft: ElfDraft): readonly DraftSymbol[] {
  const relocations = draft.sections.flatMap((section) => section.relocations);
  return [...new Set(relocations.map(({ symbol }) => symbol))];
}

function findXenSymbol(name: string, xen: Surroundings): LinkSymbol | undefined {
  const exact = xen.byName.get(name);
  if (exact !== undefined) return exact;
  const locals = xen.locals.get(name) ?? [];
  if (locals.length <= 1) return locals[0];
  throw new BuilderError({
    code: "builder/ambiguous",
    problem: `Cannot bind "${name}": Xen has ${locals.length} static symbols of that name`,
    where: xen.source,
    expected: locals.map((local) => local.name).join("\n"),
    remedy: 'say which one in C, with the name in quotes: extern … __asm__("\\"file.c#name\\"");',
  });
}

/** Old releases do not make names unique; Xen then takes any of the addresses. */
export function ambiguousName(verb: string, { name }: LinkSymbol, xen: Surroundings): BuilderError {
  return new BuilderError({
    code: "builder/ambiguous",
    problem: `Cannot ${verb} "${name}": several places in Xen have this name, and Xen could take any of them`,
    where: xen.source,
    expected: "a name that stands for one place only",
  });
}

function goneAfterBoot({ name }: LinkSymbol, xen: Surroundings): BuilderError {
  return new BuilderError({
    code: "builder/unpatchable",
    problem: `Cannot refer to "${name}": it exists only at boot, and its memory has been freed`,
    where: xen.source,
    expected: "code and data outside of the .init sections",
  });
}

function unknownSymbols(names: readonly string[], xen: Surroundings): BuilderError {
  const known = [...xen.byName.values()].flatMap(({ name, bareName }) => [name, bareName]);
  const lines = names.map((name) => {
    const similar = similarNames(name, known);
    return similar.length > 0 ? `${name} (did you mean ${similar.join(", ")}?)` : name;
  });
  return new BuilderError({
    code: "builder/unknown-symbol",
    problem: `Cannot bind ${names.length} symbol${names.length === 1 ? "" : "s"}: neither Xen nor the source has ${names.length === 1 ? "it" : "them"}`,
    where: lines.join("\n"),
    expected: `symbols of "${xen.source}"`,
  });
}

/** No other code would read or write a second copy of a variable of Xen. */
function refuseSecondCopies(draft: ElfDraft, xen: Surroundings): void {
  for (const symbol of draft.symbols) {
    if (!isDefined(symbol) || symbol.type !== "STT_OBJECT") continue;
    if (xen.byName.get(symbol.name)?.kind !== "other") continue;
    throw new BuilderError({
      code: "builder/bad-option",
      problem: `Cannot carry "${symbol.name}": the hypervisor has this variable, and would not use the copy`,
      where: xen.source,
      expected: "extern for variables that exist, static for new ones",
    });
  }
}
