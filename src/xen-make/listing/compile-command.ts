// One run of a compiler, as make names it.

import { join, normalize } from "node:path/posix";
import * as v from "valibot";
import type { Described } from "../../json/decode-json.ts";

export const compileSchema = v.object({
  /** Below `xen/`, as all paths here. */
  object: v.string(),
  source: v.string(),
  /** As make prints it, with TREE in the place of the directory of the source. */
  command: v.array(v.string()),
  /** Where it runs, and what its names are relative to; `xen/` itself if undefined. */
  folder: v.optional(v.string()),
  /**
   * What make runs after it until the object is there. Undefined where that is not known, and where the
   * object is made from anything but one C file: then it takes make.
   */
  finishing: v.optional(v.array(v.array(v.string()))),
});
export type Compile = Described<typeof compileSchema>;

/** Of a compile's command: where the copy of the source lies. */
export const TREE = "@TREE@";

/** What follows an option. */
export function argumentOf(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at < 0 ? undefined : words[at + 1];
}

/** The file that follows an option of a compile, below `xen/`. */
export function fileOf(
  { command, folder = "" }: Pick<Compile, "command" | "folder">,
  option: string,
): string | undefined {
  const name = argumentOf(command, option);
  return name === undefined ? undefined : normalize(join(folder, name));
}

/** How to run a compile in a copy of the source. */
export function commandIn(
  tree: string,
  { command, folder = "" }: Pick<Compile, "command" | "folder">,
): { readonly words: readonly string[]; readonly cwd: string } {
  return {
    words: command.map((word) => word.replaceAll(TREE, tree)),
    cwd: join(tree, "xen", folder),
  };
}
