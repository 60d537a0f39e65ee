import assert from "node:assert/strict";
import { test } from "node:test";
import { compareCommands, readCommands, wordsOf } from "./commands.ts";

/** In the form of Xen's make files. */
const compile = (name: string, flags = "-O2") =>
  `set -e;  echo '  CC  ${name}.o'; gcc -MF .${name}.d ${flags} -c ${name}.c -o .${name}.o.tmp -MQ ${name}.o; tools/fixdep .${name}.d ${name}.o 'gcc ${flags}' > .${name}.o.cmd; rm -f .${name}.d
set -e;  objcopy --redefine-sym ${name}.c=x/${name}.c .${name}.o.tmp ${name}.o && rm -f .${name}.o.tmp
`;
const link = (...names: readonly string[]) =>
  `set -e;  echo '  LD  built_in.o'; ld -r -o built_in.o ${names.map((name) => `${name}.o`).join(" ")}; printf '%s\n' 'cmd := ld' > .built_in.o.cmd
`;
const dryRun = `make -f ./Rules.mk obj=.\n${compile("a")}${compile("b")}${link("a", "b")}`;

function compare(after: string): readonly string[] {
  const { differences, moved } = compareCommands(readCommands(dryRun, ""), readCommands(after, ""));
  assert.equal(moved.size, 0);
  return differences;
}

test("compareCommands() finds nothing where the same is made, in whatever order and place", () => {
  assert.deepEqual(compare(dryRun), []);
  assert.deepEqual(compare(`${compile("b")}${compile("a")}${link("a", "b")}`), []);
  const [here, there] = ["/one/tree", "/two/tree"].map((tree) =>
    readCommands(compile("a", `-I${tree}/include`), tree),
  );
  assert.ok(here && there);
  assert.deepEqual(compareCommands(here, there).differences, []);
});

test("compareCommands() takes new objects, wherever they are linked", () => {
  assert.deepEqual(
    compare(`${dryRun.replace(link("a", "b"), "")}${compile("c")}${link("a", "c", "b")}`),
    [],
  );
});

test("compareCommands() names the flags that an object gains and loses", () => {
  const after = `${compile("a", "-O3 -DX")}${compile("b")}${link("a", "b")}`;
  assert.deepEqual(compare(after), ["a.o is made with -O3 -DX, without -O2"]);
});

test("compareCommands() names an object that is gone, and not that it is linked no more", () => {
  assert.deepEqual(compare(`${compile("a")}${link("a")}`), ["b.o is not made any more"]);
});

test("compareCommands() names an object that is only not linked, and another order of an archive", () => {
  const objects = `${compile("a")}${compile("b")}`;
  assert.deepEqual(compare(`${objects}${link("a")}`), ["built_in.o is made without b.o"]);
  const archive = (...names: readonly string[]) =>
    `${objects}ar cr lib.a ${names.map((name) => `${name}.o`).join(" ")}\n`;
  const [before, after] = [archive("a", "b"), archive("b", "a")].map((text) =>
    readCommands(text, ""),
  );
  assert.ok(before && after);
  assert.deepEqual(compareCommands(before, after).differences, [
    "lib.a is made from the same words in another order: b.o comes before a.o",
  ]);
});

test("compareCommands() tells the fewest objects whose place in a link explains its order", () => {
  const moved = (before: string, after: string) => {
    const [old, own] = [before, after].map((names) => {
      const all = names.split("");
      return readCommands(`${all.map((name) => compile(name)).join("")}${link(...all)}`, "");
    });
    assert.ok(old && own);
    const changes = compareCommands(old, own);
    assert.deepEqual(changes.differences, []);
    return [...changes.moved];
  };
  assert.deepEqual(moved("abcd", "abcd"), []);
  assert.deepEqual(moved("abcde", "dabce"), ["d.o"]);
  assert.deepEqual(moved("abcde", "bcdea"), ["a.o"]);
  assert.equal(moved("abcd", "dcba").length, 3);
  // With one that is new.
  assert.deepEqual(moved("abc", "cxab"), ["c.o"]);
});

test("compareCommands() names commands that write nothing, unless for what is new", () => {
  assert.deepEqual(compare(`${dryRun}check-endbr.sh built_in.o\n`), [
    'make also runs "check-endbr.sh built_in.o"',
  ]);
  assert.deepEqual(compare(`${dryRun}${compile("c")}objdump -h c.o | grep text\ngrep text\n`), [
    'make also runs "grep text"',
  ]);
});

test("compareCommands() names another step over a known object", () => {
  const [change] = compare(`${dryRun}strip -o b.o b.o\n`);
  assert.match(change ?? "", /^b\.o is made with strip/);
});

test("wordsOf() has the files that commands read and run", () => {
  const words = wordsOf(readCommands(`${dryRun}check-endbr.sh built_in.o\n`, ""));
  for (const name of ["a.c", "b.o", "check-endbr.sh"]) assert.ok(words.has(name), name);
});
