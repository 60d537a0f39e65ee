import assert from "node:assert/strict";
import { test } from "node:test";
import { xenSectionPolicy } from "../diff/xen-policy.ts";
import type { ObjectPair } from "../pairs/object-pair.ts";
import { type CompareOptions, compareObjects } from "./compare.ts";
import { compile } from "./compile.test.support.ts";
import { CompareMemory } from "./memory.ts";

const policy = xenSectionPolicy({ major: 4, minor: 17, point: 5 }, "x86_64", []);

function pairOf(object: string, c: string, fixed: string): ObjectPair {
  const [before, after] = [compile(c), compile(fixed)];
  const whence = { sources: ["f.c"], command: "gcc", dependencies: ["f.c"] };
  return { object, ...whence, before, levels: [before], after };
}

const callee = (value: number) =>
  `int f(int x) { return x + ${value}; } __attribute__((noipa)) int g(int x) { return x * 5; }`;
const starting = (value: number) =>
  `__attribute__((section(".init.text"))) int start(int x) { return x + ${value}; }`;
const pairs = [
  pairOf("one.o", callee(1), callee(2)),
  pairOf("other.o", callee(3), callee(4)),
  pairOf("init.o", starting(5), starting(6)),
];
const changes = { lines: {}, texts: new Map(), levels: [], contributions: [] };

/** With options that grow, as they do in a build. */
function comparer() {
  const memory = new CompareMemory();
  return (more: Partial<CompareOptions>) =>
    compareObjects({ pairs, changes }, { policy, allowedInit: new Set(), ...more }, memory);
}

const replacedIn = (found: ReturnType<typeof compareObjects>) =>
  found.map(({ diff }) => diff.replaced.map(({ after }) => after.name).sort());

test("CompareMemory has only those objects compared again of which something else is said", () => {
  const compare = comparer();
  const first = compare({});
  assert.deepEqual(replacedIn(first), [["f"], ["f"], []]);
  const held = new Map([["one.o", new Map([["g", "f relies on it"]])]]);
  const second = compare({ held });
  assert.deepEqual(replacedIn(second), [["f", "g"], ["f"], []]);
  assert.notEqual(second[0], first[0]);
  assert.equal(second[1], first[1]);
  assert.equal(second[2], first[2]);
  // Said once more in other words, or taken back.
  const same = new Map([["one.o", new Map([["g", "f relies on it"]])]]);
  assert.deepEqual(compare({ held: same }), second);
  assert.equal(compare({ held: same })[0], second[0]);
  assert.equal(compare({})[0], first[0]);
  assert.deepEqual(replacedIn(comparer()({ held })), replacedIn(second));
});

test("CompareMemory has an object compared again when its questions are answered otherwise", () => {
  const compare = comparer();
  const first = compare({});
  const asked: string[] = [];
  const explained = compare({
    explainInit: (object, name) => {
      asked.push(`${object} ${name}`);
      return object === "init.o" ? "it inlines what changed" : undefined;
    },
  });
  assert.deepEqual([...new Set(asked)], ["init.o start"]);
  assert.equal(explained[0], first[0]);
  assert.deepEqual([first[2]?.diff.outcome, explained[2]?.diff.outcome], ["refused", "unchanged"]);
  assert.equal(compare({ explainInit: () => undefined })[2], first[2]);
});

test("CompareMemory has all compared again when it becomes known who uses symbols", () => {
  const compare = comparer();
  const [first, told] = [compare({}), compare({ symbolUsers: { "user.o": ["f"] } })];
  for (const [index, one] of told.entries()) assert.notEqual(one, first[index]);
  assert.deepEqual(replacedIn(told), replacedIn(first));
});

test("CompareMemory takes no word of other objects for the same as none that matters", () => {
  const compare = comparer();
  const first = compare({});
  const none = { crossings: { away: new Map(), here: new Map() }, newElsewhere: new Map() };
  const across = new Map(pairs.map(({ object }) => [object, none]));
  assert.equal(compare({ across })[0], first[0]);
  const more = new Map([["one.o", { ...none, newElsewhere: new Map([["v", ["w of x.o"]]]) }]]);
  const [one, other] = compare({ across: more });
  assert.notEqual(one, first[0]);
  assert.equal(other, first[1]);
});
