// Which items of the source a fix changes, as far as one object can see: functions, definitions of types,
// or something that can change the meaning of whatever stands behind it.

import type { ObjectPair } from "../pairs/object-pair.ts";
import type { ChangedTexts } from "../pairs/prepared-pairs.ts";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import { findRegions } from "../source-patch/line-regions.ts";
import { type RegionScope, scopesOf } from "../source-patch/line-scope.ts";

export interface ChangedItems {
  /** Only `functions` and `types` change. */
  readonly isClear: boolean;
  /** The same, or that headers come which nothing had before: enough to say why, not to say that nothing differs. */
  readonly isClearButForNew: boolean;
  /** By path below `xen/`, the lines of changed functions in it, before the fix. */
  readonly functions: ReadonlyMap<string, readonly Lines[]>;
  /** Names that changed functions may have. */
  readonly names: ReadonlySet<string>;
  /** `struct domain` */
  readonly types: ReadonlySet<string>;
}

interface Lines {
  readonly first: number;
  readonly last: number;
}

/** Reads each text once, for all objects. */
export function changedItemsFinder({
  texts,
}: Pick<ChangedTexts, "texts">): (pair: Pick<ObjectPair, "dependencies">) => ChangedItems {
  const known = new Map<string, readonly RegionScope[]>();
  const newHeaders = [...texts.keys()].filter((file) => isNew(file, texts.get(file)));
  const isNewHeader = (name: string) => newHeaders.some((path) => path.endsWith(`/${name}`));
  const scopesOfFile = (file: string): readonly RegionScope[] => {
    const found = known.get(file) ?? findScopes(file, texts.get(file), isNewHeader);
    known.set(file, found);
    return found;
  };
  return ({ dependencies }) => {
    // Of what is no source, headers may be generated that any object reads.
    const files = [...texts.keys()].filter(
      (file) => !isSource(file) || dependencies.includes(file),
    );
    const scopesOfFiles = files.map((file) => [file, scopesOfFile(file)] as const);
    const scopes = scopesOfFiles.flatMap(([, found]) => found);
    return {
      isClear: !scopes.some(({ kind }) => kind === "anything" || kind === "new-headers"),
      isClearButForNew: !scopes.some(({ kind }) => kind === "anything"),
      functions: new Map(scopesOfFiles.map(([file, found]) => [file, functionsIn(found)])),
      names: new Set(scopes.flatMap((scope) => (scope.kind === "function" ? scope.names : []))),
      types: new Set(scopes.flatMap((scope) => (scope.kind === "type" ? [scope.name] : []))),
    };
  };
}

/** The fix leaves the function alone, as it does all macros and constants. */
export function isTextKept({ isClear, names }: ChangedItems, functionName: string): boolean {
  return isClear && !names.has(functionName);
}

/** A new file may contain anything, and so may one that is no source. */
function findScopes(
  file: string,
  texts: PatchedFile | undefined,
  isNewHeader: (name: string) => boolean,
): readonly RegionScope[] {
  const { before, after } = texts ?? {};
  if (isNew(file, texts)) return [{ kind: "new-headers" }];
  if (!isSource(file) || before === undefined || after === undefined) return [{ kind: "anything" }];
  return scopesOf(before, after, findRegions(before, after), isNewHeader);
}

function isNew(file: string, texts: PatchedFile | undefined): boolean {
  return file.endsWith(".h") && texts?.before === undefined && texts?.after !== undefined;
}

function isSource(file: string): boolean {
  return /\.[chS]$/.test(file);
}

function functionsIn(scopes: readonly RegionScope[]): readonly Lines[] {
  return scopes.flatMap((scope) => (scope.kind === "function" ? [scope] : []));
}
