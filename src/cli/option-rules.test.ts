// Rules of options on a small command of the test's own; test/cli-options.test.ts has all commands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isRuledOut, type RuledCommand, requireRules } from "./option-rules.ts";
import type { OptionSpec } from "./option-spec.ts";
import { UsageError } from "./usage-error.ts";

const options: readonly OptionSpec[] = [
  {
    name: "source",
    value: "DIR",
    description: "the source",
    required: { unless: ["undo"] },
    remedy: "unpack it",
  },
  { name: "undo", description: "go back", excludes: [{ option: "dry", because: "it must act" }] },
  { name: "dry", description: "only look" },
  { name: "mode", value: "MODE", description: "how", choices: ["one", "all"] },
  {
    name: "like",
    value: "FILE",
    description: "a model",
    needs: [{ option: "mode", value: "all", because: "one has none" }],
  },
  {
    name: "of",
    value: "XEN",
    description: "which",
    repeatable: "yes",
    needs: [{ option: "like", when: { words: "XEN is long", holds: (xen) => xen.length > 3 } }],
  },
  { name: "jobs", value: "N", description: "how many", range: { min: 1, max: 8 } },
];

const command: RuledCommand = {
  path: "xsplice try",
  arguments: [
    { name: "FILE", description: "files", count: "many", required: { unless: ["undo"] } },
  ],
  options,
};

type Line = Readonly<Record<string, readonly string[]>>;

function run(args: readonly string[], line: Line): void {
  requireRules(command, { args, given: new Map(Object.entries(line)) });
}

function refusal(line: Line, args: readonly string[] = ["file"]): string {
  try {
    run(args, line);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return `${error.report.code}\n${error.message}`;
  }
  return "none";
}

test("requireRules() lets through what breaks no rule", () => {
  run(["file"], { source: ["x"], jobs: ["8"], mode: ["all"], like: ["y"], of: ["a", "long"] });
  run([], { undo: [] });
});

test("requireRules() names all that is missing at once, and where it is to be had", () => {
  assert.equal(
    refusal({}, []),
    [
      "usage/bad-arguments",
      'Cannot run "xsplice try": FILE and --source are missing',
      "  expected: FILE (or --undo): files",
      "            --source DIR (or --undo): the source",
      "  remedy:   --source: unpack it",
    ].join("\n"),
  );
});

test("requireRules() refuses two that exclude each other, whichever of them says so", () => {
  const words = [
    "usage/bad-arguments",
    'Cannot run "xsplice try": --undo does not go with --dry: it must act',
    "  expected: --undo or --dry, not both",
  ].join("\n");
  assert.equal(refusal({ undo: [], dry: [] }), words);
  const reversed = { ...command, options: options.toReversed() };
  const given = new Map(Object.entries({ dry: [], undo: [] }));
  assert.throws(() => requireRules(reversed, { args: [], given }), /--dry does not go with --undo/);
});

test("requireRules() refuses an option without what it needs", () => {
  const source = ["x"];
  const none = refusal({ source, like: ["y"] });
  assert.match(
    none,
    /--like needs --mode all: one has none\n {2}expected: --mode all, or no --like$/,
  );
  assert.match(refusal({ source, like: ["y"], mode: ["one"] }), /--like needs --mode all/);
  assert.match(refusal({ source, of: ["long"] }), /--of long needs --like/);
  assert.equal(refusal({ source, of: ["abc"] }), "none");
});

test("requireRules() takes one of several that an option needs, and refuses an argument beside an option", () => {
  const ruled: RuledCommand = {
    path: "xsplice view",
    arguments: [
      { name: "FILE", description: "files", count: "many", excludes: [{ option: "explain" }] },
    ],
    options: [
      { name: "stack", description: "as a stack" },
      { name: "tree", description: "as a tree" },
      { name: "facts", description: "more", needs: [{ option: "stack", or: ["tree"] }] },
      { name: "explain", description: "no more" },
    ],
  };
  const view = (line: Line, args: readonly string[] = []) =>
    requireRules(ruled, { args, given: new Map(Object.entries(line)) });
  view({ facts: [], stack: [] });
  view({ facts: [], tree: [] }, ["file"]);
  assert.throws(() => view({ facts: [] }), /--facts needs --stack or --tree/);
  view({ explain: [] });
  assert.throws(() => view({ explain: [] }, ["file"]), /FILE does not go with --explain/);
});

test("requireRules() refuses a value that is no choice, no whole number or out of range", () => {
  const source = ["x"];
  for (const [line, words] of [
    [{ mode: ["two"] }, /Cannot use "two" for --mode: there is no such mode\n +expected: one, all/],
    [{ jobs: ["0"] }, /Cannot use "0" for --jobs: it is out of range\n +expected: 1 to 8/],
    [{ jobs: ["-1"] }, /Cannot use "-1" for --jobs: it is not a whole number/],
    [{ jobs: [""] }, /Cannot use "" for --jobs: it is not a whole number/],
  ] as const) {
    const said = refusal({ source, ...line });
    assert.match(said, /^usage\/bad-value\n/);
    assert.match(said, words);
  }
});

test("isRuledOut() is true of what is excluded, of a need that cannot be met, of a second time", () => {
  const ruledOut = (line: Line): readonly string[] =>
    options
      .filter((option) => isRuledOut(option, options, new Map(Object.entries(line))))
      .map(({ name }) => name);
  assert.deepEqual(ruledOut({}), []);
  assert.deepEqual(ruledOut({ dry: [] }), ["undo", "dry"]);
  assert.deepEqual(ruledOut({ undo: [] }), ["undo", "dry"]);
  assert.deepEqual(ruledOut({ mode: ["one"], of: ["a"] }), ["mode", "like"]);
  assert.deepEqual(ruledOut({ mode: ["all"] }), ["mode"]);
});
