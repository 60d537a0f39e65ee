import assert from "node:assert/strict";
import { test } from "node:test";
import { normalizePath, parseListing } from "./listing.ts";

/** In the form of Xen's make files: the command as text for people, then the command. */
const dryRun = `
make -f ./Rules.mk obj=common need-builtin=1
set -e;  echo '  CC      common/kernel.o'; gcc -MMD -MP -MF common/.kernel.o.d -include ./x.h '-DO=common/kernel.o' -c common/kernel.c -o common/.kernel.o.tmp -MQ common/kernel.o; tools/fixdep common/.kernel.o.d common/kernel.o 'gcc -c other.c -o other.o' > common/.kernel.o.cmd
set -e;  echo '  OBJ'; objcopy --redefine-sym kernel.c=common/kernel.c common/.kernel.o.tmp common/kernel.o && rm -f common/.kernel.o.tmp
gcc -c common/kernel.c -Icompat -o common/compat/kernel.o
gcc -c common/gunzip.c -o common/gunzip.o
objdump -h common/gunzip.o | while read idx name sz rest; do \\
    case "$name" in x) exit $(expr $idx + 1);; esac; \\
done || exit $?; objcopy --rename-section .rodata=.init.rodata common/gunzip.o common/gunzip.init.o
make -f ./Rules.mk obj=common/libelf need-builtin=1
gcc -c common/libelf/one.c -o common/libelf/one.o
gcc -c common/libelf/two.c -o common/libelf/two.o
ld -r -o common/libelf/temp.o common/libelf/one.o common/libelf/two.o
objcopy --rename-section .text=.init.text common/libelf/temp.o common/libelf/libelf.o
ld -r -o common/libelf/built_in.o common/libelf/libelf.o
ln -nfs ../../../source/common/efi/runtime.c arch/x86/efi/runtime.c
gcc -c arch/x86/efi/runtime.c -o arch/x86/efi/runtime.o
gcc -c arch/x86/boot/reloc.c -o arch/x86/boot/reloc.o
gcc -D__ASSEMBLY__ -c arch/x86/boot/head.S -o arch/x86/boot/head.o
rm -f lib/lib.a; ar cr lib/lib.a lib/sort.o
gcc -c lib/sort.c -o lib/sort.o
ld -r -o common/built_in.o common/kernel.o common/compat/kernel.o common/gunzip.init.o common/libelf/built_in.o arch/x86/efi/runtime.o arch/x86/boot/head.o
ld -r -o prelink.o common/built_in.o --start-group lib/lib.a --end-group
`;

const parse = (text: string) => parseListing({ dryRun: text, tree: "/tree", compiler: "gcc" });

test("parseListing() finds each object that is linked, and what it is compiled from", () => {
  const { units } = parse(dryRun);
  const found = units.map(({ object, compiles, makeFolder }) => [
    object,
    compiles.map(({ source }) => source).join(" "),
    makeFolder,
  ]);
  assert.deepEqual(found, [
    ["arch/x86/boot/head.o", "arch/x86/boot/head.S", "."],
    ["arch/x86/efi/runtime.o", "common/efi/runtime.c", "."],
    ["common/compat/kernel.o", "common/kernel.c", "common"],
    ["common/gunzip.init.o", "common/gunzip.c", "common"],
    ["common/kernel.o", "common/kernel.c", "common"],
    ["common/libelf/libelf.o", "common/libelf/one.c common/libelf/two.c", "common/libelf"],
    ["lib/sort.o", "lib/sort.c", "."],
  ]);
});

test("parseListing() tells what make runs behind the one compile of an object, where that is all", () => {
  const { units } = parse(dryRun);
  const renamed = ["objcopy", "--redefine-sym", "kernel.c=common/kernel.c"];
  const found = units.map(({ object, compiles }) => [object, compiles[0]?.finishing]);
  assert.deepEqual(found, [
    ["arch/x86/boot/head.o", undefined],
    ["arch/x86/efi/runtime.o", undefined],
    ["common/compat/kernel.o", []],
    ["common/gunzip.init.o", undefined],
    ["common/kernel.o", [[...renamed, "common/.kernel.o.tmp", "common/kernel.o"]]],
    ["common/libelf/libelf.o", undefined],
    ["lib/sort.o", []],
  ]);
});

test("parseListing() leaves an object to make that another program works on, or that is compiled twice", () => {
  const leftBy = (line: string) => {
    const { units } = parse(`${dryRun}\n${line}\n`);
    return units.find(({ object }) => object === "common/kernel.o")?.compiles[0]?.finishing;
  };
  assert.notEqual(leftBy("touch common/kernel.h"), undefined);
  assert.notEqual(leftBy("tools/fixdep common/.kernel.o.d common/kernel.o"), undefined);
  for (const line of [
    "objtool check common/kernel.o",
    "objcopy --strip-debug common/.kernel.o.tmp",
    "gcc -O3 -c common/kernel.c -o common/.kernel.o.tmp -MQ common/kernel.o",
    "ld -r -o common/kernel.o common/.kernel.o.tmp",
  ]) {
    assert.equal(leftBy(line), undefined, line);
  }
});

test("parseListing() names what is compiled into something else than the hypervisor", () => {
  const { embedded } = parse(dryRun);
  assert.deepEqual(
    embedded.map(({ source }) => source),
    ["arch/x86/boot/reloc.c"],
  );
});

test("normalizePath() gives one spelling to each file", () => {
  const aliases = { "arch/x86/efi/boot.c": "common/efi/boot.c" };
  const spellings = ["./a/../common/efi/boot.c", "source/common/efi/boot.c", "arch/x86/efi/boot.c"];
  for (const path of spellings) assert.equal(normalizePath(path, aliases), "common/efi/boot.c");
});

/** In the form of Xen's make files up to 4.16, where each directory has a make of its own. */
const oldDryRun = `
make[1]: Entering directory '/tree/xen/arch/x86'
make -f /tree/xen/Rules.mk -C /tree/xen/common built_in.o
make[2]: Entering directory '/tree/xen/common'
gcc -MF ./.kernel.o.d -include /tree/xen/include/xen/config.h -I/tree/xen/include -c kernel.c -o ./.kernel.o.tmp -MQ kernel.o
objcopy --redefine-sym kernel.c=common/kernel.c ./.kernel.o.tmp kernel.o
gcc -c compat/kernel.c -o compat/kernel.o
ld -r -o built_in.o kernel.o compat/kernel.o
make[2]: Leaving directory '/tree/xen/common'
gcc -c x86_64/mm.c -o x86_64/mm.o
ld -r -o built_in.o x86_64/mm.o
ld -r -o prelink.o /tree/xen/common/built_in.o /tree/xen/arch/x86/built_in.o
make[1]: Leaving directory '/tree/xen/arch/x86'
`;

test("parseListing() finds objects whose names count from the directory of a make", () => {
  const { units } = parse(oldDryRun);
  assert.deepEqual(
    units.map(({ object, makeFolder, compiles }) => [object, makeFolder, compiles[0]?.source]),
    [
      ["arch/x86/x86_64/mm.o", "arch/x86", "arch/x86/x86_64/mm.c"],
      ["common/compat/kernel.o", "common", "common/compat/kernel.c"],
      ["common/kernel.o", "common", "common/kernel.c"],
    ],
  );
  const kernel = units.at(-1)?.compiles[0];
  assert.equal(kernel?.folder, "common");
  // As it is run there, in whatever copy.
  assert.ok(kernel?.command.includes("-I@TREE@/xen/include"));
  assert.deepEqual(kernel?.finishing?.[0]?.slice(-2), ["common/.kernel.o.tmp", "common/kernel.o"]);
});

test("normalizePath() follows a link to a directory", () => {
  const aliases = { "include/asm": "include/asm-x86" };
  assert.equal(normalizePath("include/asm/mm.h", aliases), "include/asm-x86/mm.h");
  assert.equal(normalizePath("include/asm-x86/mm.h", aliases), "include/asm-x86/mm.h");
});

test("parseListing() refuses make files that make objects or links outside of the source", () => {
  const outside = {
    "an object": "gcc -c a.c -o ../../../x.o\nld -r -o built_in.o ../../../x.o\n",
    "an object by its whole path": "gcc -c a.c -o /tmp/x.o\nld -r -o built_in.o /tmp/x.o\n",
    "a link": "ln -s a.c ../../x.c\n",
    "a link to somewhere else": "ln -s ../../../secret.c a/x.c\n",
  };
  for (const [what, text] of Object.entries(outside)) {
    assert.throws(() => parse(text), /outside of it/, what);
  }
});

test("parseListing() goes round no circle of objects that are made from each other", () => {
  const circle = "ld -r -o a.o b.o\nld -r -o b.o a.o\nld -r -o built_in.o a.o\n";
  assert.deepEqual(parse(circle).units, []);
});
