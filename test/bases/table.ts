// The published page, from what all runs have found.

import { cells } from "./cells.ts";
import { type BaseResult, type CellResult, summarize } from "./result.ts";

const INTRODUCTION = `# Hypervisors that this was tried on

Made by \`npm run test:bases\` ([how to try your own](guides/own-hypervisor.md#try-it-on-all-columns)). Each hypervisor
boots in a lab; each payload is made by the command as a user calls it, played by \`xsplice check\`, loaded, applied,
seen to act, reverted, seen not to act, unloaded, with the hypervisor's console read for complaints.
`;

const LEGEND = `**ok**: all of it happened. **refused**: xSplice said before anything was loaded that it cannot be done, and why; see
below. **–**: what it takes cannot be had. Empty: not run. "Built" means built from that source on the day of the run; nothing of it is
in this repository.
`;

const shown: Readonly<Record<CellResult["outcome"], string>> = {
  passed: "ok",
  refused: "refused",
  failed: "FAILED",
  "not-tried": "–",
};

export function renderPage(bases: readonly BaseResult[]): string {
  const { cells: count, passed, refusedTruthfully, failed } = summarize(bases);
  return [
    INTRODUCTION,
    `Hypervisors: ${bases.length}. Cells: ${count}, of which ${passed} are ok, ${refusedTruthfully} refused with a true reason, ${failed} failed.\n`,
    row(["hypervisor", "compiler", "run on", ...cells.map(({ name }) => name)]),
    row(Array.from({ length: cells.length + 3 }, () => "---")),
    ...bases.map((base) => {
      const outcomes = cells.map(({ name }) => {
        const found = base.cells.find(({ cell }) => cell === name);
        return found === undefined ? "" : shown[found.outcome];
      });
      return row([base.name, shortCompiler(base.compiler), base.on, ...outcomes]);
    }),
    "",
    LEGEND,
    row(["column", "what it is"]),
    row(["---", "---"]),
    ...cells.map(({ name, title }) => row([name, title])),
    "",
    "## What was seen\n",
    ...bases.flatMap(renderBase),
  ].join("\n");
}

function renderBase({ name, compiler, cells: found }: BaseResult): readonly string[] {
  const inOrder = cells.flatMap(({ name: wanted }) => found.filter(({ cell }) => cell === wanted));
  const lines = inOrder.map(({ cell, outcome, words, seconds }) => {
    return row([cell, outcome, inCell(words), `${seconds.toFixed(0)} s`]);
  });
  return [
    `### ${name}\n`,
    `Compiler of the payloads: ${compiler}.\n`,
    row(["column", "outcome", "words", "time"]),
    row(["---", "---", "---", "---"]),
    ...lines,
    "",
  ];
}

/** `gcc (Debian 12.2.0-14+deb12u1) 12.2.0` is `gcc 12.2.0`. */
function shortCompiler(line: string): string {
  const [, version] = /(\d+\.\d+\.\d+)\s*$|version (\d+\.\d+\.\d+)/.exec(line) ?? [];
  const clang = /clang version (\d+\.\d+\.\d+)/.exec(line)?.[1];
  if (clang !== undefined) return `clang ${clang}`;
  return version === undefined ? line : `gcc ${version}`;
}

function row(columns: readonly string[]): string {
  return `| ${columns.join(" | ")} |`;
}

const WORDS_MAX = 400;

function inCell(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;").trim();
  return line.length > WORDS_MAX ? `${line.slice(0, WORDS_MAX)}…` : line;
}
