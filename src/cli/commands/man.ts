import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { renderCommandPage, renderManPage } from "../render-man-page.ts";
import { type CommandCall, leavesOf, type TopCommand } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { packageVersion } from "../version.ts";

export const manCommand: TopCommand = {
  name: "man",
  description: [
    "In the format of man(1), made from the same descriptions as --help. The package contains it as share/man/xsplice.1, and a page for each command beside it.",
  ],
  arguments: [
    {
      name: "COMMAND",
      description: "the words of a command, for the page of that one",
      count: "many",
      completes: "command",
    },
  ],
  options: [],
  examples: [
    { command: "xsplice man | man -l -", explains: "read it" },
    { command: "xsplice man > xsplice.1", explains: "keep it" },
  ],
  kind: "own",
  run: async (call) => {
    const page = call.args.length === 0 ? renderManPage(call.tree, packageVersion()) : pageOf(call);
    emit(call, "man", { man: page }, () => page);
    return ExitCode.success;
  },
};

function pageOf({ args, tree }: CommandCall): string {
  const words = args.join(" ");
  const leaves = tree.flatMap(({ entries }) => entries.flatMap((entry) => leavesOf(entry)));
  const found = leaves.find(({ path }) => path.join(" ") === words);
  if (found !== undefined) return renderCommandPage(found, packageVersion());
  throw new UsageError({
    code: "usage/unknown-command",
    problem: `Cannot show the page of "${words}": there is no such command`,
    remedy: 'see "xsplice help" for all commands; the page of all of them has the groups',
  });
}
