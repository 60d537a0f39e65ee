// Second names of options: taken, and not shown.

import type { OptionSpec } from "./option-spec.ts";
import type { Given } from "./option-values.ts";

/** Each as an option of its own. */
export function aliasesOf(specs: readonly OptionSpec[]): readonly OptionSpec[] {
  return specs.flatMap(({ letter: _, alias, ...spec }) =>
    alias === undefined ? [] : { ...spec, name: alias },
  );
}

/** What stands under an alias belongs to the option. */
export function withoutAliases(given: Given, specs: readonly OptionSpec[]): Given {
  const merged = new Map(given);
  for (const { name, alias } of specs) {
    const values = alias === undefined ? undefined : merged.get(alias);
    if (alias === undefined || values === undefined) continue;
    merged.delete(alias);
    merged.set(name, [...(merged.get(name) ?? []), ...values]);
  }
  return merged;
}
