// What the options of all commands declare of each other: every rule names options that there are, and
// every rule is held, told in help and heeded by completion.

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWholeTree } from "../src/cli/command-tree.ts";
import { completeWords } from "../src/cli/completion/complete-words.ts";
import type { OptionSpec } from "../src/cli/option-spec.ts";
import { globalOptionSpecs } from "../src/cli/options/global.ts";
import { type CommandSpec, leavesOf } from "../src/cli/spec.ts";
import { runXsplice } from "./run-cli.ts";

interface TreeCommand {
  readonly path: readonly string[];
  readonly spec: CommandSpec;
  readonly options: readonly OptionSpec[];
}

const tree = await loadWholeTree();
const commands = tree.flatMap(({ entries }) =>
  entries.flatMap((entry): readonly TreeCommand[] =>
    leavesOf(entry).map(({ path, spec }) => treeCommand(path, spec)),
  ),
);

function treeCommand(path: readonly string[], spec: CommandSpec): TreeCommand {
  return { path, spec, options: [...spec.options, ...globalOptionSpecs] };
}

/** As somebody types it, with some value where it takes one. */
function typed({ options }: TreeCommand, name: string, value?: string): readonly string[] {
  const option = options.find((known) => known.name === name);
  assert.ok(option, name);
  if (option.value === undefined) return [`--${name}`];
  const some = value ?? option.choices?.[0] ?? (option.range ? `${option.range.min}` : "./some");
  return [`--${name}=${some}`];
}

async function wrongUse({ path, spec }: TreeCommand, words: readonly string[]): Promise<string> {
  const args = spec.arguments.filter(({ count }) => count.startsWith("one")).map(() => "x");
  const line = [...path, ...args, ...words];
  const run = await runXsplice([...line, "--json"]);
  assert.equal(run.exitCode, spec.kind === "stock" ? 1 : 64, line.join(" "));
  const { error } = JSON.parse(run.stdout);
  assert.equal(error.code, "usage/bad-arguments", line.join(" "));
  return error.problem;
}

async function helpOf({ path }: TreeCommand): Promise<string> {
  const { stdout } = await runXsplice([...path, "--help"]);
  return stdout.replaceAll(/\s+/g, " ");
}

for (const command of commands) {
  const { path, spec, options } = command;
  const name = path.join(" ");
  const known = new Set(options.map((option) => option.name));

  test(`xsplice ${name}: rules name options that it has`, () => {
    const requireds = [...spec.options, ...spec.arguments].map(({ required }) => required);
    const named = [
      ...requireds.flatMap((required) =>
        required === undefined || required === "always" ? [] : required.unless,
      ),
      ...spec.options.flatMap(({ needs = [] }) => needs.map(({ option }) => option)),
      ...spec.options.flatMap(({ excludes = [] }) => excludes.map(({ option }) => option)),
    ];
    assert.deepEqual(
      named.filter((option) => !known.has(option)),
      [],
    );
    assert.equal(known.size, options.length, "no name stands for two");
  });

  for (const option of spec.options) {
    for (const { option: other } of option.excludes ?? []) {
      test(`xsplice ${name} --${option.name} does not go with --${other}`, async () => {
        const both = [...typed(command, option.name), ...typed(command, other)];
        const problem = await wrongUse(command, both);
        assert.ok(problem.includes(`--${option.name}`) && problem.includes(`--${other}`), problem);
        const help = await helpOf(command);
        assert.match(help, new RegExp(`--${option.name} [^(]*\\([^)]*not with [^)]*--${other}`));
        assert.ok(offered(...path).includes(`--${other}`));
        assert.ok(!offered(...path, ...typedApart(command, option.name)).includes(`--${other}`));
      });
    }
    for (const need of option.needs ?? []) {
      test(`xsplice ${name} --${option.name} needs --${need.option}`, async () => {
        const others = (option.needs ?? []).filter((one) => one !== need);
        const words = [option.name, ...others.map((one) => one.option)].flatMap((one) =>
          typed(command, one),
        );
        const problem = await wrongUse(command, words);
        assert.ok(problem.includes(`needs --${need.option}`), problem);
        assert.match(await helpOf(command), new RegExp(`needs --${need.option}`));
      });
    }
    if (option.required === undefined) continue;
    test(`xsplice ${name} says that --${option.name} is missing`, async () => {
      const problem = await wrongUse(command, []);
      assert.match(problem, new RegExp(`--${option.name}[ ,].*missing`));
      assert.match(await helpOf(command), new RegExp(`--${option.name} .*required`));
    });
  }
}

/** Option and value as two words, as completion is asked. */
function typedApart(command: TreeCommand, name: string): readonly string[] {
  return typed(command, name).flatMap((word) => word.split("="));
}

function offered(...words: readonly string[]): readonly string[] {
  return completeWords(tree, [...words, "--"]).words.map(({ word }) => word);
}

test("completion offers an option again only when it may be repeated", () => {
  const words = offered("build", "--source", "x", "--patch", "y");
  assert.ok(!words.includes("--source"));
  assert.ok(words.includes("--patch"));
  assert.ok(!offered("build", "--mode", "stack").includes("--previous"));
  for (const mode of [["--mode", "cumulative"], ["--mode=cumulative"]]) {
    assert.ok(offered("build", ...mode).includes("--previous"));
    assert.ok(!offered("build", ...mode).includes("--mode"));
  }
});

test("completion offers the choices of an option's value", () => {
  const words = completeWords(tree, ["build", "--guard", ""]).words.map(({ word }) => word);
  assert.deepEqual(words, ["full", "entry", "none"]);
});
