// A payload as the planner handles it, loaded on the host or given as a file, with one name on the
// host.

import type { PayloadFacts } from "./facts-form.ts";

/** A payload whose file is available. */
export interface GivenPayload {
  /** The name of the file in messages and in the plan. */
  readonly source: string;
  /** The name for the upload, unless another payload has it. */
  readonly name: string;
  readonly facts: PayloadFacts;
}

export interface Piece {
  /** On the host; no two pieces share it. */
  readonly name: string;
  readonly facts: PayloadFacts;
  /** For its upload, for the first time or again. */
  readonly file: GivenPayload | undefined;
}

/** By function: metadata may claim any number of them, and each is asked for. */
const replacedBy = new WeakMap<PayloadFacts, ReadonlySet<string>>();

/** `false` also where it is not known what the payload replaces. */
export function replacesFunction(
  { facts }: { readonly facts: PayloadFacts },
  name: string,
): boolean {
  let names = replacedBy.get(facts);
  if (names === undefined) {
    names = new Set(facts.functions);
    replacedBy.set(facts, names);
  }
  return names.has(name);
}
