import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { renderManPage } from "../render-man-page.ts";
import type { TopCommand } from "../spec.ts";
import { packageVersion } from "../version.ts";

export const manCommand: TopCommand = {
  name: "man",
  description: [
    "In the format of man(1), made from the same descriptions as --help. The package contains it as share/man/xsplice.1.",
  ],
  arguments: [],
  options: [],
  examples: [
    { command: "xsplice man | man -l -", explains: "read it" },
    { command: "xsplice man > xsplice.1", explains: "keep it" },
  ],
  kind: "own",
  run: async (call) => {
    const page = renderManPage(call.tree, packageVersion());
    emit(call, { man: page }, () => page);
    return ExitCode.success;
  },
};
