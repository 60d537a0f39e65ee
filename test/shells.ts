// The shells that complete: the machine's own, or those of Debian's packages, which `npm test` fetches. Where one is
// missing, its tests are skipped and say so, never in CI.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withOwnLibraries } from "../src/lab/own-libraries.ts";
import { inspectParts } from "../src/parts/parts.ts";

export type Shell = "bash" | "zsh" | "fish";

/** For the option `skip` of a test. @throws Error in CI, where it may not be missing */
export function whyNoShell(shell: Shell): string | false {
  if (shell === "bash") return false;
  const isMissing = inspectParts([shell]).some(({ state }) => state.kind === "missing");
  if (!isMissing) return false;
  const reason = `${shell} is not fetched yet: "npm test" without a selection does it`;
  if (process.env["CI"] === "true") throw new Error(reason);
  return reason;
}

/** Puts fetched shells into `bin`, under their names. @returns what they want in their environment */
export function installShells(bin: string): NodeJS.ProcessEnv {
  for (const [shell, program] of [
    ["zsh", "bin/zsh"],
    ["fish", "usr/bin/fish"],
  ] as const) {
    const [part] = inspectParts([shell]);
    if (part?.state.kind !== "cached") continue;
    const { root } = part.state;
    const words = withOwnLibraries(root, program).map((word) => `"${word}"`);
    // It looks for its functions beside the program that runs, which is the loader.
    if (shell === "fish") {
      words.push("--init-command", `"set fish_function_path '${root}/usr/share/fish/functions'"`);
    }
    const script = `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`;
    writeFileSync(join(bin, shell), script, { mode: 0o755 });
    // Read by each zsh, also by one that reads nothing else.
    if (shell === "zsh") writeFileSync(join(bin, ".zshenv"), zshPlaces(root));
  }
  return { ZDOTDIR: bin };
}

/** It looks for its modules and functions where the package would have put them. */
function zshPlaces(root: string): string {
  return [
    `module_path=("${root}"/usr/lib/*/zsh/*(N/))`,
    `fpath=("${root}"/usr/share/zsh/functions/**/*(N/) "${root}/usr/share/zsh/functions")`,
    "",
  ].join("\n");
}
