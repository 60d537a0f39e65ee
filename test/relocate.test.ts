// The linker as the judge of our relocation arithmetic: what ld puts into a linked file, relocate()
// must put into the object's sections at the same addresses.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import { FixtureFolder, isInstalled } from "../src/elf/fixtures.test.support.ts";
import {
  contentsOf,
  type ElfObject,
  Machine,
  openElf,
  readElf,
  relocationsOf,
  requireSection,
  type SymbolIndex,
} from "../src/elf/mod.ts";
import { nameOfRelocation, relocate } from "../src/isa/mod.ts";

const folder = new FixtureFolder();
after(() => folder[Symbol.dispose]());

/** Addresses of the sections are those of the linked file; both have one section of each name. */
function symbolAddress(object: ElfObject, linked: ElfObject, index: SymbolIndex): bigint {
  const symbol = object.symbols[index];
  assert.equal(symbol?.place.kind, "section");
  const name = object.sections[symbol.place.index]?.name ?? "";
  return requireSection(linked, name).address + symbol.value;
}

/** Relocates `name` as a loader would; gives the types that occurred. */
function checkSection(object: ElfObject, linked: ElfObject, name: string): Set<string> {
  const section = requireSection(object, name);
  const target = requireSection(linked, name);
  const bytes = contentsOf(object, section).slice();
  const types = new Set<string>();
  for (const { offset, type, symbol, addend } of relocationsOf(object, section)) {
    const place = target.address + BigInt(offset);
    const request = { type, symbol: symbolAddress(object, linked, symbol), addend, place };
    assert.equal(relocate(object.header.machine, request, bytes, offset), undefined);
    types.add(nameOfRelocation(object.header.machine, type));
  }
  assert.deepEqual(bytes, contentsOf(linked, target).slice(0, bytes.length));
  return types;
}

function linkedWith(
  tools: { readonly gcc: string; readonly ld: string },
  args: readonly string[],
  source: string,
): { object: ElfObject; linked: ElfObject } {
  const made = folder.compile(tools.gcc, [...args, "-c"], source, "relocated.o");
  const path = join(folder.path, "linked");
  const base = ["-Ttext=0x40200000", "-Tdata=0x40300000", "-Tbss=0x40310000"];
  execFileSync(tools.ld, [...base, "-e", "0", "--no-relax", "-o", path, made.path]);
  const linked = folder.read(path);
  return { object: readElf(made.bytes, "relocated.o"), linked: openElf(linked, "linked") };
}

const C_SOURCE = `
static int state; int values[8]; int (*table[2])(int); extern int first(int);
static __attribute__((noinline)) int second(int x) { return x + values[state & 7]; }
int first(int x) { state += x; return second(x) + table[x & 1](x); }
#define POINTERS __attribute__((section(".pointers")))
POINTERS int (*table[2])(int) = { first, second };
POINTERS int *inner[] = { values + 3, &state };
`;

test("relocate() does what ld does to x86-64 code of gcc", () => {
  const args = ["-O2", "-fPIE", "-fvisibility=hidden", "-fno-asynchronous-unwind-tables"];
  const { object, linked } = linkedWith({ gcc: "gcc", ld: "ld" }, args, C_SOURCE);
  assert.equal(object.header.machine, Machine.EM_X86_64);
  const code = checkSection(object, linked, ".text");
  assert.ok(code.has("R_X86_64_PC32"));
  assert.deepEqual([...checkSection(object, linked, ".pointers")], ["R_X86_64_64"]);
});

const AARCH64_SOURCE = `
.text
start:
  bl code
  b start
  b.ne code
  tbz x1, #3, code
  adr x0, code
  adrp x0, target
  add x0, x0, :lo12:target
  ldrb w1, [x0, :lo12:target]
  ldrh w1, [x0, :lo12:target]
  ldr w1, [x0, :lo12:target]
  ldr x1, [x0, :lo12:target]
  ldr q1, [x0, :lo12:target]
  movz x0, #:abs_g3:target
  movk x0, #:abs_g2_nc:target
  movk x0, #:abs_g1_nc:target
  movk x0, #:abs_g0_nc:target
  movz x0, #:abs_g2:target
  movz x0, #:abs_g1:target
  movz x0, #:abs_g1_s:target
  movz x0, #:abs_g2_s:target
  movz x0, #:prel_g1:start
  movk x0, #:prel_g0_nc:start
  movz x0, #:prel_g2:target
  movz x0, #:prel_g3:target
  ret
.section .data, "aw"
  .quad start
  .quad target
  .word start
  .word start - .
  .quad start - .
  .balign 16
target:
  .quad 1, 2
.section .text
.globl code
.type code, %function
code:
  ret
`;

test("relocate() does what ld does to AArch64 code of every kind", (context) => {
  const tools = { gcc: "aarch64-linux-gnu-gcc", ld: "aarch64-linux-gnu-ld" };
  if (!isInstalled(tools.gcc)) return context.skip(`${tools.gcc} is not installed`);
  const { object, linked } = linkedWith(tools, ["-x", "assembler"], AARCH64_SOURCE);
  assert.equal(object.header.machine, Machine.EM_AARCH64);
  const code = checkSection(object, linked, ".text");
  assert.ok(code.size > 15, [...code].join(" "));
  assert.deepEqual([...checkSection(object, linked, ".data")].sort(), [
    "R_AARCH64_ABS32",
    "R_AARCH64_ABS64",
    "R_AARCH64_PREL32",
    "R_AARCH64_PREL64",
  ]);
});
