// What the author allowed by name: changes that do not take effect, or for which the author takes
// responsibility.

import type { ComparedObject } from "../../compare/compared-object.ts";
import type { Disposition } from "../../diff/ledger.ts";
import type { LayoutFinding } from "../../layout/layout.ts";

export interface AllowedChange {
  /** `function "setup"`, `struct domain` */
  readonly what: string;
  readonly objects: readonly string[];
  /** As it was given: `--allow-init setup` */
  readonly option: string;
}

export function allowedChanges(
  objects: readonly Pick<ComparedObject, "pair" | "diff">[],
  layouts: readonly LayoutFinding[],
): readonly AllowedChange[] {
  return [
    ...objects.flatMap(({ pair, diff }) =>
      diff.ledger.flatMap(({ what, disposition }) => {
        const option = optionFor(disposition);
        if (option === undefined) return [];
        const name = /"(.*)"$/.exec(what)?.[1] ?? what;
        return { what, objects: [pair.object], option: `${option} ${name}` };
      }),
    ),
    ...layouts.flatMap(({ type, objects, verdict }) => {
      if (verdict.kind !== "no-effect" || verdict.rule !== "allowed-layout") return [];
      return { what: type, objects, option: `--allow-layout "${verdict.allowedAs}"` };
    }),
  ];
}

function optionFor(disposition: Disposition): string | undefined {
  if (disposition.kind === "no-effect") return optionOf[disposition.rule];
  return disposition.kind === "carried" && disposition.despite === "unsafe-path"
    ? "--allow-unsafe"
    : undefined;
}

const optionOf: Readonly<Record<string, string>> = {
  "allowed-init": "--allow-init",
  "allowed-lost": "--allow-fresh-data",
};
