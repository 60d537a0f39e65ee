// What is written about the commands is made from the commands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadTree } from "../src/cli/command-tree.ts";
import { renderManPage } from "../src/cli/render-man-page.ts";
import { type CommandSpec, leavesOf } from "../src/cli/spec.ts";
import { moreExitCodes, ownExitCodes, stockExitCodes } from "../src/cli/text/exit-code-table.ts";
import { packageVersion } from "../src/cli/version.ts";
import { expectGoldenBlock, expectGoldenFile } from "./golden.ts";

const commandTree = await loadTree(undefined);
const allEntries = commandTree.flatMap(({ entries }) => entries);

test("loadTree() loads a command under its own name, and nothing else", async () => {
  for (const { name } of allEntries) {
    const tree = await loadTree(name);
    const names = tree.flatMap(({ entries }) => entries.map((entry) => entry.name));
    const needsAll = ["help", "completion", "man"].includes(name);
    assert.deepEqual(names, needsAll ? allEntries.map((entry) => entry.name) : [name]);
  }
});

function commandRow(spec: CommandSpec, path: string): string {
  const words = spec.arguments.map(({ name, count }) =>
    count === "one" ? name : count === "one-or-many" ? `${name}…` : `[${name}]`,
  );
  const own = [...ownExitCodes, ...(moreExitCodes[path] ?? [])];
  const rows = spec.kind === "stock" ? stockExitCodes : own;
  const codes = rows
    .map(({ code }) => code)
    .sort((left, right) => left - right)
    .join(", ");
  return `| \`${[path, ...words].join(" ")}\` | ${spec.summary} | ${codes} |\n`;
}

function commandTable(): string {
  const rows = allEntries.flatMap((entry) =>
    leavesOf(entry).map(({ path, spec }) => commandRow(spec, path.join(" "))),
  );
  const meanings = (title: string, codes: typeof ownExitCodes): string =>
    `${title}: ${codes.map(({ code, meaning }) => `**${code}** ${meaning}`).join("; ")}.\n`;
  return [
    "\n| command | what it does | exit codes |\n| --- | --- | --- |\n",
    ...rows,
    `\n${meanings("Verbs of `xen-livepatch`", stockExitCodes)}`,
    `\n${meanings("All others", ownExitCodes)}`,
    ...Object.entries(moreExitCodes).map(
      ([command, codes]) => `\n${meanings(`\`${command}\` besides`, codes)}`,
    ),
    "\n",
  ].join("");
}

test("docs/cli.md lists every command with its exit codes", () => {
  const marks = { begin: /<!-- commands:.*-->/, end: /<!-- end of commands -->/ };
  expectGoldenBlock("docs/cli.md", marks, commandTable());
});

test("share/man/xsplice.1 is the page that xsplice man prints", () => {
  expectGoldenFile("share/man/xsplice.1", renderManPage(commandTree, packageVersion()));
});
