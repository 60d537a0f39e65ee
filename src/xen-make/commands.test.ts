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
  return compareCommands(readCommands(dryRun, ""), readCommands(after, ""));
}

test("compareCommands() finds nothing where the same is made, in whatever order and place", () => {
  assert.deepEqual(compare(dryRun), []);
  assert.deepEqual(compare(`${compile("b")}${compile("a")}${link("a", "b")}`), []);
  const [here, there] = ["/one/tree", "/two/tree"].map((tree) =>
    readCommands(compile("a", `-I${tree}/include`), tree),
  );
  assert.ok(here && there);
  assert.deepEqual(compareCommands(here, there), []);
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

test("compareCommands() names the order of the link, and an object that is only not linked", () => {
  const objects = `${compile("a")}${compile("b")}`;
  assert.deepEqual(compare(`${objects}${link("b", "a")}`), [
    "built_in.o is made from the same words in another order: b.o comes before a.o",
  ]);
  assert.deepEqual(compare(`${objects}${link("a")}`), ["built_in.o is made without b.o"]);
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
