// Which functions a payload replaces, asked one by one: metadata may claim any number of them.

import type { PayloadFacts } from "./facts-form.ts";

const known = new WeakMap<PayloadFacts, ReadonlySet<string>>();

/** `false` also where it is not known what the payload replaces. */
export function replacesFunction(
  { facts }: { readonly facts: PayloadFacts },
  name: string,
): boolean {
  let names = known.get(facts);
  if (names === undefined) {
    names = new Set(facts.functions);
    known.set(facts, names);
  }
  return names.has(name);
}
