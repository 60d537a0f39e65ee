// What is written about the commands is made from the commands.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { loadTree, loadWholeTree } from "../src/cli/command-tree.ts";
import { pageNameOf, renderCommandPage, renderManPage } from "../src/cli/render-man-page.ts";
import { type CommandSpec, isLoaded, leavesOf } from "../src/cli/spec.ts";
import { moreExitCodes, ownExitCodes, stockExitCodes } from "../src/cli/text/exit-code-table.ts";
import { packageVersion } from "../src/cli/version.ts";
import { expectGoldenBlock, expectGoldenFile } from "./golden.ts";

const commandTree = await loadWholeTree();
const allEntries = commandTree.flatMap(({ entries }) => entries);

test("loadTree() names every command, and loads the code of those that are asked for", async () => {
  const loadedBy = async (...words: readonly string[]) => {
    const entries = (await loadTree(words)).flatMap((section) => [...section.entries]);
    assert.deepEqual(
      entries.map(({ name, summary }) => [name, summary]),
      allEntries.map(({ name, summary }) => [name, summary]),
    );
    return entries.filter(isLoaded).map(({ name }) => name);
  };
  for (const { name } of allEntries) {
    const needsAll = ["completion", "man"].includes(name);
    const all = allEntries.map((entry) => entry.name);
    assert.deepEqual(await loadedBy(name), needsAll ? all : [name]);
  }
  assert.deepEqual(await loadedBy(), []);
  assert.deepEqual(await loadedBy("help", "list"), ["help", "list"]);
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

test("docs/cli.md shows the document of each command", () => {
  const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
  const rows = page.slice(page.indexOf("| command | document |")).matchAll(/^\| (`.*?`) \| `?\S/gm);
  const shown = [...rows].flatMap(([, names = ""]) =>
    names.split(", ").map((one) => one.slice(1, -1)),
  );
  const leaves = allEntries.flatMap((entry) => leavesOf(entry)).map(({ path }) => path.join(" "));
  assert.deepEqual(
    leaves.filter((command) => command !== "vex" && !shown.includes(command)),
    [],
  );
});

test("share/man/ has a page for each command, as xsplice man COMMAND prints it, and no other", () => {
  const leaves = allEntries.flatMap((entry) => leavesOf(entry));
  for (const leaf of leaves) {
    const page = renderCommandPage(leaf, packageVersion());
    expectGoldenFile(`share/man/${pageNameOf(leaf.path)}.1`, page);
  }
  const names = leaves.map(({ path }) => `${pageNameOf(path)}.1`);
  const folder = new URL("../../share/man/", import.meta.url);
  assert.deepEqual(readdirSync(folder).sort(), [...names, "xsplice.1"].sort());
});

test("share/man/xsplice.1 is the page that xsplice man prints", () => {
  expectGoldenFile("share/man/xsplice.1", renderManPage(commandTree, packageVersion()));
});
