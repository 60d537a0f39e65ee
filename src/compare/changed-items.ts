// Which items of the source a fix changes, as far as one object can see: functions, definitions of types,
// or something that can change the meaning of whatever stands behind it.

import type { ObjectPair } from "../pairs/object-pair.ts";
import type { ChangedTexts } from "../pairs/prepared-pairs.ts";
import { findRegions } from "../source-patch/line-regions.ts";
import { type RegionScope, scopesOf } from "../source-patch/line-scope.ts";

export interface ChangedItems {
  /** Only `functions` and `types` change. */
  readonly isClear: boolean;
  /** By path below `xen/`, the lines of changed functions in it, before the fix. */
  readonly functions: ReadonlyMap<string, readonly Lines[]>;
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
  const scopesOfFile = (file: string): readonly RegionScope[] => {
    const { before, after } = texts.get(file) ?? {};
    const found = known.get(file) ?? findScopes(before, after);
    known.set(file, found);
    return found;
  };
  return ({ dependencies }) => {
    // Of what is no source, headers may be generated that any object reads.
    const files = [...texts.keys()].filter(
      (file) => !/\.[chS]$/.test(file) || dependencies.includes(file),
    );
    const scopes = files.flatMap((file) =>
      /\.[chS]$/.test(file) ? scopesOfFile(file) : [{ kind: "anything" } as const],
    );
    const functions = files.map((file) => [file, functionsIn(known.get(file) ?? [])] as const);
    return {
      isClear: !scopes.some(({ kind }) => kind === "anything"),
      functions: new Map(functions),
      types: new Set(scopes.flatMap((scope) => (scope.kind === "type" ? [scope.name] : []))),
    };
  };
}

/** A new file may contain anything. */
function findScopes(before: string | undefined, after: string | undefined): readonly RegionScope[] {
  if (before === undefined || after === undefined) return [{ kind: "anything" }];
  return scopesOf(before, after, findRegions(before, after));
}

function functionsIn(scopes: readonly RegionScope[]): readonly Lines[] {
  return scopes.flatMap((scope) => (scope.kind === "function" ? [scope] : []));
}
