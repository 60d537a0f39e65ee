// Who of a fix refers to what the hypervisor has freed after boot: what the old function referred to in the
// same way the new one may refer to as well (diff/kept-reference.ts); all else is refused. Xen's table still
// has these names, so that the references resolve as they did at boot.

import type { ComparedObject } from "../../compare/compared-object.ts";
import { type Atom, namingSymbol, type Reference } from "../../diff/atom.ts";
import type { NameInXen } from "../../diff/carry/name-in-xen.ts";
import { isKeptReference } from "../../diff/kept-reference.ts";

/** The function is as the source spells it. */
export interface InitUse {
  readonly function: string;
  readonly isKept: boolean;
}

/** What the payload refers to as the old code did, though its memory is freed after boot. */
export interface BootOnlyReference {
  readonly object: string;
  readonly function: string;
  /** As Xen's table spells it. */
  readonly symbol: string;
}

/** `name` as the draft of what the object carries has it. */
export function initUsesOf(
  { diff: { comparison, carried } }: Pick<ComparedObject, "diff">,
  nameInXen: NameInXen,
  name: string,
): readonly InitUse[] {
  const { before, correlation, crossed } = comparison;
  const nameOf = ({ target }: Reference): string | undefined => {
    if (target.kind === "external") return target.symbol.name;
    if (target.kind !== "atom" || carried.has(target.atom)) return undefined;
    const old = correlation.findBefore(target.atom);
    const symbol = old && namingSymbol(old);
    return crossed.get(target.atom)?.name ?? (symbol && nameInXen(symbol, before.file));
  };
  return [...carried.keys()].flatMap((atom: Atom) =>
    atom.references
      .filter((reference) => nameOf(reference) === name)
      .map((reference) => ({
        function: atom.name,
        isKept: isKeptReference(atom, reference, comparison),
      })),
  );
}

/** One line for each function. */
export function warnOfBootOnly(references: readonly BootOnlyReference[]): string {
  const lines = new Map<string, string[]>();
  for (const { object, function: name, symbol } of references) {
    const subject = `warning: function "${name}" of ${object}`;
    const symbols = lines.get(subject) ?? [];
    if (!symbols.includes(symbol)) symbols.push(symbol);
    lines.set(subject, symbols);
  }
  return [...lines]
    .map(([subject, symbols]) => {
      const names = symbols.map((symbol) => `"${symbol}"`).join(", ");
      return `${subject} refers to ${names}, freed after boot, as the old one did: the path that leads there must not run again, so the condition before it must still hold only at boot\n`;
    })
    .join("");
}
