// The commands of a dry run of make, each with its directory. Since 4.17 Xen's make files run everything in
// xen/; up to 4.16 they ran a make in each directory, whose commands name files relative to it.

import { join, normalize, relative } from "node:path/posix";
import { joinContinuedLines, splitCommands } from "../shell.ts";

export interface MadeCommand {
  /** Where make runs it, below `xen/`; "" for `xen/` itself. */
  readonly folder: string;
  /** As make prints them. */
  readonly printed: readonly string[];
  /** The same, with files by their names below `xen/`. */
  readonly words: readonly string[];
}

const directory = /^g?make(?:\[\d+\])?: (Entering|Leaving) directory '(.*)'$/;

/** `tree` is where make was run, whose `xen/` it was run in. */
export function commandsIn(dryRun: string, tree: string): readonly MadeCommand[] {
  const xen = `${tree}/xen`;
  const folders: string[] = [];
  const commands: MadeCommand[] = [];
  for (const line of joinContinuedLines(dryRun)) {
    const [, move, path = ""] = directory.exec(line) ?? [];
    if (move === "Entering") folders.push(relative(xen, path));
    else if (move === "Leaving") folders.pop();
    else {
      const folder = folders.at(-1) ?? "";
      for (const printed of splitCommands(line)) {
        const words = printed.map((word) => belowXen(word, folder, xen));
        commands.push({ folder, printed, words });
      }
    }
  }
  return commands;
}

/** Options, and what stands in no file's place, are left as they are. */
function belowXen(word: string, folder: string, xen: string): string {
  if (word.startsWith(`${xen}/`)) return word.slice(xen.length + 1);
  if (folder === "" || /^[-/]|[=$`]/.test(word) || !/\.\w+$/.test(word)) return word;
  return normalize(join(folder, word));
}
