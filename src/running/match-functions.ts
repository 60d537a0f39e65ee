// Which functions of Xen a source replaces: non-static functions under the same name, and pairs that
// the user gives. Static functions are the source's own helpers.

import { BuilderError } from "../build-outcome/builder-error.ts";
import type { DraftSymbol, ElfDraft } from "../elf/draft.ts";
import type { Replacement } from "../payload/emit/input.ts";
import { ambiguousName } from "./bind-symbols.ts";
import { entryRoomOf, isMarked } from "./entry-room.ts";
import type { LinkSymbol, Surroundings } from "./payload-below.ts";
import { similarNames } from "./similar-names.ts";

/** A function of the source that replaces one of Xen. */
export interface FunctionPair {
  readonly xenFunction: LinkSymbol;
  readonly newBody: DraftSymbol;
}

/** `old` as spelt in Xen's table or the source, `new` as in the source. */
export interface NamePair {
  readonly old: string;
  readonly new: string;
}

/**
 * The user's pairs come first; a function in them is not also matched by its own name.
 * @throws BuilderError builder/ambiguous, builder/unpatchable, builder/bad-option
 */
export function matchFunctions(
  drafts: readonly ElfDraft[],
  wanted: readonly NamePair[],
  hooks: ReadonlySet<DraftSymbol>,
  xen: Surroundings,
): readonly FunctionPair[] {
  const functions = drafts.flatMap(({ symbols }) => symbols.filter(isOwnFunction));
  const asked = wanted.map((pair): FunctionPair => {
    const newBody = functions.find(({ name }) => name === pair.new);
    if (newBody === undefined) throw noSuchFunction(pair, functions);
    return { xenFunction: requireXenFunction(pair.old, xen), newBody };
  });
  const used = new Set([...asked.map(({ newBody }) => newBody), ...hooks]);
  const sameName = functions.flatMap((newBody): FunctionPair[] => {
    if (used.has(newBody)) return [];
    const xenFunction = findXenFunction(newBody.name, xen);
    return xenFunction === undefined ? [] : [{ xenFunction, newBody }];
  });
  const pairs = [...asked, ...sameName];
  refuseSameFunction(pairs);
  for (const { xenFunction } of pairs) checkPatchable(xenFunction, xen);
  return pairs;
}

export function replacementOf({ newBody, xenFunction }: FunctionPair): Replacement {
  return { oldName: xenFunction.name, oldSizeBytes: xenFunction.sizeBytes, newBody };
}

/** Defined here, and not static. */
export function isOwnFunction({ binding, place, type }: DraftSymbol): boolean {
  const defined = typeof place === "object" && type === "STT_FUNC";
  return defined && binding !== "STB_LOCAL";
}

/** By Xen's own spelling, or by the plain name when only one function has it. */
function findXenFunction(name: string, xen: Surroundings): LinkSymbol | undefined {
  const exact = xen.byName.get(name);
  if (exact?.kind === "function") return exact;
  const locals = (xen.locals.get(name) ?? []).filter(({ kind }) => kind === "function");
  if (locals.length <= 1) return locals[0];
  throw new BuilderError({
    code: "builder/ambiguous",
    problem: `Cannot replace "${name}": Xen has ${locals.length} static functions of that name`,
    where: xen.source,
    expected: locals.map((local) => local.name).join("\n"),
    remedy: `choose one by --replace ${locals[0]?.name}=${name}, or make a helper of your own static`,
  });
}

function requireXenFunction(name: string, xen: Surroundings): LinkSymbol {
  const found = findXenFunction(name, xen);
  if (found !== undefined) return found;
  const functions = [...xen.byName.values()].filter(({ kind }) => kind === "function");
  const similar = similarNames(
    name,
    functions.flatMap((known) => [known.name, known.bareName]),
  );
  throw new BuilderError({
    code: "builder/unpatchable",
    problem: `Cannot replace "${name}": Xen has no such function`,
    where: xen.source,
    ...(similar.length > 0 ? { remedy: `did you mean ${similar.join(", ")}?` } : {}),
  });
}

function noSuchFunction(pair: NamePair, functions: readonly DraftSymbol[]): BuilderError {
  return new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot replace "${pair.old}" by "${pair.new}": the source defines no such function`,
    expected: `a function that is not static: ${functions.map(({ name }) => name).join(", ") || "there is none"}`,
  });
}

/** By address: two names of one function would give two entries for the same bytes. */
function refuseSameFunction(pairs: readonly FunctionPair[]): void {
  const seen = new Map<bigint | string, FunctionPair>();
  for (const pair of pairs) {
    const place = pair.xenFunction.address ?? pair.xenFunction.name;
    const earlier = seen.get(place);
    if (earlier === undefined) {
      seen.set(place, pair);
      continue;
    }
    const names = `"${earlier.newBody.name}" and "${pair.newBody.name}"`;
    throw new BuilderError({
      code: "builder/bad-option",
      problem: `Cannot replace "${pair.xenFunction.name}" twice: by ${names}`,
      expected: "one new body for every function of Xen",
    });
  }
}

/** Space for the jump that Xen writes, after an ENDBR64 if there is one: ABI reference §5.1. */
function checkPatchable(xenFunction: LinkSymbol, xen: Surroundings): void {
  const { name, address, sizeBytes, isInit } = xenFunction;
  const refuse = (state: string, expected: string): BuilderError =>
    new BuilderError({
      code: "builder/unpatchable",
      problem: `Cannot replace "${name}": ${state}`,
      where: xen.source,
      expected,
    });
  if (isInit) {
    throw refuse(
      "it runs only at boot, and its memory has been freed",
      "a function outside of .init.text",
    );
  }
  if (xen.ambiguous.has(name)) throw ambiguousName("replace", xenFunction, xen);
  if (address === undefined && xen.architecture === "aarch64") {
    throw refuse("it lies in a payload, which Xen cannot patch on Arm", "a function of Xen itself");
  }
  const needed = entryRoomOf(xenFunction, xen);
  if (sizeBytes >= needed) return;
  throw refuse(
    `it is ${sizeBytes} bytes long${isMarked(xenFunction, xen) ? " and starts with ENDBR64" : ""}`,
    `at least ${needed} bytes, where Xen writes its jump`,
  );
}
