// What a payload says that it was made from, beside what is here: the first that differs is usually why the
// bytes do.

import type { Recipe } from "./recipe.ts";

export interface InputsHere {
  readonly hypervisor: string;
  readonly source: string | undefined;
  readonly config: string;
  readonly compiler: string | undefined;
  readonly tool: string;
  /** SHA-256 of each, where they were given again. */
  readonly patches: readonly string[];
  readonly pristine: readonly string[];
  readonly hooks: readonly string[];
}

export interface ComparedInput {
  readonly input: string;
  readonly recorded: string;
  readonly here: string;
  readonly same: boolean;
}

/** Only of what both sides know. */
export function compareInputs(recipe: Recipe, here: InputsHere): readonly ComparedInput[] {
  const { origin, sources, xenBuildId, tool } = recipe;
  const digests = (all: readonly { readonly sha256: string }[] = []) =>
    all.map((one) => one.sha256).join(" ");
  const hooks = sources?.files.filter(({ name }) => name.endsWith(".c"));
  const pairs: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ["hypervisor", xenBuildId, here.hypervisor],
    ["source", origin.source, here.source],
    ["configuration", origin.config, here.config],
    ["compiler", origin.compiler, here.compiler],
    ["xsplice", tool, here.tool],
    ["patches", digests(origin.patches), here.patches.join(" ")],
    ["patches of both sides", digests(origin.pristine), here.pristine.join(" ")],
    ["hooks", digests(hooks), here.hooks.join(" ")],
  ];
  return pairs.flatMap(([input, recorded, found]) => {
    if (recorded === undefined || found === undefined) return [];
    return { input, recorded, here: found, same: recorded === found };
  });
}
