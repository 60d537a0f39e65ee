// The policy for objects of Linux, of examples/linux/: its program is run as a reader would run it, on
// objects that are compiled here, from source of our own with the kinds of things that Linux's macros
// make.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { linuxLayoutOf } from "../examples/linux/layout.ts";
import { linuxSectionPolicy } from "../examples/linux/policy.ts";
import { carryChanges, diffObjects, type ObjectDiff } from "../src/diff/mod.ts";
import { findStaticHomes } from "../src/dwarf/mod.ts";
import { readElf, sizeOfSection } from "../src/elf/mod.ts";
import { root } from "./read-api.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-linux-"));
after(() => rmSync(folder, { recursive: true }));

const flags = [
  ..."-O2 -std=gnu11 -fno-pic -mcmodel=kernel -mno-red-zone -fno-stack-protector".split(" "),
  ..."-fno-asynchronous-unwind-tables -fcf-protection=none -w -g".split(" "),
  ..."-ffunction-sections -fdata-sections -fno-strict-aliasing".split(" "),
];

/** Every macro takes its line from LINE, so that a test moves all lines at once. */
const macros = `
#define noinline __attribute__((noinline))
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define UNIQUE(name) JOIN(JOIN(__UNIQUE_ID_, name), __COUNTER__)
#define SECTION(name) __attribute__((used, section(name), aligned(8)))
struct debug { const char *module, *function, *file, *format; unsigned line : 18, class : 6, flags : 8; long key[2]; };
extern void say(struct debug *), warn_slowpath_null(const char *, int), outside(int);
#define DEBUG_AS(id, text, kind) ({ static struct debug id SECTION("__dyndbg") = \\
  { "file", __func__, "file.c", text, LINE, kind, 0 }; say(&id); })
#define DEBUG(text, kind) DEBUG_AS(UNIQUE(ddebug), text, kind)
#define WARN_ONCE(x) ({ static _Bool __already_done SECTION(".data.once"); \\
  if (__builtin_expect(!!(x) && !__already_done, 0)) { __already_done = 1; warn_slowpath_null("file.c", LINE); } })
#define BUG(flags) asm volatile ("1: ud2\\n.pushsection __bug_table,\\"aw\\"\\n.long 1b - ., %c0 - .\\n" \\
  ".word %c1, %c2\\n.popsection" :: "i" ("file.c"), "i" (LINE), "i" (flags))
#define SWITCHED(key) ({ __label__ yes; int on = 0; asm goto ("1: .byte 0x0f,0x1f,0x44,0,0\\n" \\
  ".pushsection __jump_table,\\"aw\\"\\n.balign 8\\n.long 1b - ., %l[yes] - .\\n.quad %c0 - .\\n.popsection" \\
  :: "i" (&key) :: yes); if (0) yes: on = 1; on; })
#define ALTERNATIVE(feature, code) asm volatile ("1: .byte 0x0f,0x1f,0x00\\n2:\\n" \\
  ".pushsection .altinstructions,\\"a\\"\\n.long 1b - ., 3f - .\\n.word " #feature ", 0\\n.byte 2b - 1b, 4f - 3f\\n" \\
  ".popsection\\n.pushsection .altinstr_replacement,\\"ax\\"\\n3: " code "\\n4:\\n.popsection")
// One fix-up that is also entered in the middle, by another instruction that may fault.
#define MAY_FAULT(p, q, error) ({ int value; asm volatile ("1: mov (%1), %0\\n2: add (%2), %0\\n3:\\n" \\
  ".pushsection .fixup,\\"ax\\"\\n4: xor %0, %0\\n5: sub $" #error ", %0\\njmp 3b\\n.popsection\\n" \\
  ".pushsection __ex_table,\\"a\\"\\n.long 1b - ., 4b - ., 0, 2b - ., 5b - ., 0\\n.popsection" \\
  : "=&r" (value) : "r" (p), "r" (q)); value; })
// The trap is caught by an entry, and ends the code that belongs to this function.
#define COUNT_UP(p) asm volatile ("lock incl %0\\njs 1f\\n2:\\n.pushsection .text..refcount,\\"ax\\"\\n" \\
  "1: lea %0, %%rcx\\n3: ud2\\n.popsection\\n.pushsection __ex_table,\\"a\\"\\n.long 3b - ., 2b - ., 0\\n.popsection" \\
  : "+m" (*(p)) :: "rcx")
#define AT_BOOT(f) static void *JOIN(JOIN(JOIN(__initcall__kmod_file__, __COUNTER__), JOIN(_, LINE)), JOIN(_##f, 6)) \\
  SECTION(".initcall6.init") = f
`;

/** What the tests change; the rest of the file stays as it is. */
interface Source {
  readonly line: number;
  /** Uses of __COUNTER__ at the start, and static variables, which shift all numbers. */
  readonly first?: string;
  readonly debugText?: string;
  readonly debugClass?: number;
  readonly warned?: string;
  readonly bugFlags?: number;
  readonly key?: "one" | "other";
  readonly feature?: number;
  readonly error?: number;
  readonly counted?: string;
  readonly seldom?: string;
}

const plain: Source = { line: 100 };
/** What any patch does to a file, besides what it is for. */
const moved: Source = {
  line: 107,
  first: `static int UNIQUE(unused) SECTION(".discard.x"); static int UNIQUE(unused) SECTION(".discard.x");
    noinline int early(int x) { static int count; return count += x; }`,
};

function source({
  line,
  first = "noinline int early(int x) { static int count; return count += x; }",
  debugText = "here",
  debugClass = 3,
  warned = "x > 9",
  bugFlags = 1,
  key = "one",
  feature = 7,
  error = 14,
  counted = "p",
  seldom = "3",
}: Source): string {
  return `#define LINE ${line}${macros}
    int one[4], other[4];
    ${first}
    noinline void debug(int x) { DEBUG("before", 3); if (x) DEBUG("${debugText}", ${debugClass}); }
    noinline int warn(int x) { WARN_ONCE(x == 3); WARN_ONCE(${warned}); return x * 2; }
    noinline int bug(int x) { if (x == 5) BUG(${bugFlags}); return x + 1; }
    noinline int switched(int x) { return SWITCHED(${key}) ? x * 7 : x; }
    noinline int alternative_beside(int x) { ALTERNATIVE(5, "mfence"); return x + 4; }
    noinline int alternative(int x) { ALTERNATIVE(${feature}, "lfence"); return x + 3; }
    noinline int fault(int *p, int *q) { return MAY_FAULT(p, q, ${error}); }
    noinline int fault_beside(int *p, int *q) { return MAY_FAULT(p, q, 5) * 3; }
    noinline void count_beside(int *p) { COUNT_UP(p); outside(2); }
    noinline void count(int *p, int *q) { COUNT_UP(${counted}); outside(1); }
    __attribute__((cold)) extern void slow(int);
    noinline int seldom(int x) { if (x > 50) slow(x + ${seldom}); return x * 9; }
    noinline int again(int x) { static int count; return (count += x) + early(x); }
    static __attribute__((section(".init.text"))) int start(void) { return 0; }
    AT_BOOT(start);
    static const char UNIQUE(author)[] SECTION(".modinfo") = "author=nobody";`;
}

let compiled = 0;

/** The paths of two objects of one file. */
function compile(before: string, fixed: string): readonly [before: string, fixed: string] {
  const [one = "", other = ""] = [before, fixed].map((text) => {
    const at = join(folder, String(compiled++));
    mkdirSync(at);
    writeFileSync(join(at, "file.c"), text);
    execFileSync("gcc", [...flags, "-c", "file.c", "-o", "file.o"], { cwd: at, stdio: "pipe" });
    return join(at, "file.o");
  });
  return [one, other];
}

/** What the example prints, without its reasons. */
function compare(before: string, fixed: string): readonly string[] {
  const program = join(root, "dist/examples/linux/compare.js");
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...compile(before, fixed)]);
  assert.equal(stderr.toString(), "");
  return stdout
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/:.*/, ""));
}

test("linuxSectionPolicy(): lines and counters that moved change nothing", () => {
  assert.deepEqual(compare(source(plain), source(moved)), ["unchanged"]);
  assert.deepEqual(compare(source(moved), source(plain)), ["unchanged"]);
});

const changes: Readonly<Record<string, Partial<Source>>> = {
  debug: { debugText: "there" },
  warn: { warned: "x > 8" },
  bug: { bugFlags: 3 },
  switched: { key: "other" },
  alternative: { feature: 8 },
  fault: { error: 22 },
  count: { counted: "q" },
  seldom: { seldom: "4" },
};

for (const [name, change] of Object.entries(changes)) {
  test(`linuxSectionPolicy(): only ${name}() changes when ${JSON.stringify(change)}`, () => {
    const lines = compare(source(plain), source({ ...moved, ...change }));
    assert.deepEqual(lines, ["patchable", `replace ${name}`]);
  });
}

test("linuxSectionPolicy(): of a bit field only the bits of the line are ignored", () => {
  const lines = compare(source(plain), source({ ...moved, debugClass: 4 }));
  assert.deepEqual(lines, ["patchable", "replace debug"]);
});

function diff(before: Source, fixed: Source): ObjectDiff {
  const [one, other] = compile(source(before), source(fixed)).map((path) =>
    readElf(readFileSync(path), path),
  );
  assert.ok(one && other);
  const policy = linuxSectionPolicy(linuxLayoutOf(one));
  return diffObjects(one, other, { policy, findHomes: findStaticHomes });
}

test("linuxSectionPolicy(): lines that moved are told", () => {
  const { ledger } = diff(plain, { line: 107 });
  const told = ledger.filter(
    ({ disposition }) => disposition.kind === "no-effect" && disposition.rule === "line-number",
  );
  const what = told.map((entry) => entry.what.replace(/\.\d+/, "")).sort();
  assert.deepEqual(what, [
    'function "bug"',
    'variable "__UNIQUE_ID_ddebug0"',
    'variable "__UNIQUE_ID_ddebug1"',
  ]);
});

test("linuxSectionPolicy(): new code brings what its macros made for it", () => {
  const found = diff(plain, { ...moved, debugText: "there" });
  const { draft } = carryChanges(found, ({ name }) => name);
  const messages = draft.sections.filter(({ name }) => name === "__dyndbg");
  assert.deepEqual(messages.map(sizeOfSection), [2 * 56]);
});

test("linuxSectionPolicy(): code that is entered in the middle is carried as a whole, others' is not", () => {
  const carriedOf = (change: Partial<Source>, section: string): readonly number[] => {
    const { carried } = diff(plain, { ...plain, ...change });
    return [...carried.keys()]
      .filter((atom) => atom.section.name === section)
      .map(({ size }) => size);
  };
  // xor, sub, jmp; lea, ud2; lfence
  assert.deepEqual(carriedOf({ error: 22 }, ".fixup"), [2 + 3 + 5]);
  assert.deepEqual(carriedOf({ counted: "q" }, ".text..refcount"), [3 + 2]);
  assert.deepEqual(carriedOf({ feature: 8 }, ".altinstr_replacement"), [3]);
});

const formats = {
  alternativeSize: [
    [".altinstructions", ".long 1b - ., 1b - .; .word 7; .byte 1, 1", 12],
    [".altinstructions", ".long 1b - ., 1b - .; .word 7; .byte 1, 1, 0", 13],
    [".altinstructions", ".long 1b - ., 1b - .; .word 7, 0; .byte 1, 1", 14],
  ],
  exceptionSize: [
    ["__ex_table", ".long 1b - ., 1b - .", 8],
    ["__ex_table", ".long 1b - ., 1b - ., 3", 12],
  ],
  jumpSize: [
    ["__jump_table", ".long 1b - ., 1b - .; .quad key - .", 16],
    ["__jump_table", ".quad 1b, 1b, key", 24],
  ],
  bugFileFrom: [
    ["__bug_table", "2: .long 1b - ., name - .; .word 3, 0", "field"],
    ["__bug_table", "2: .long 1b - 2b, name - 2b; .word 3, 0", "entry"],
  ],
} as const;

for (const [what, tables] of Object.entries(formats)) {
  test(`linuxLayoutOf() finds ${what} in the table`, () => {
    for (const [section, entry, expected] of tables) {
      // Two entries, since one alone has any size.
      const text = `.text\n1: nop\n.section .rodata.str1.1,"aMS",@progbits,1\n.string "text"\nname: .string "file.c"
        .section ${section},"a"\n${entry}\n${entry}\n`;
      const path = join(folder, "table");
      execFileSync("gcc", ["-c", "-x", "assembler", "-", "-o", path], { input: text });
      const layout = linuxLayoutOf(readElf(readFileSync(path), path));
      assert.equal(layout[what as keyof typeof formats], expected, entry);
    }
  });
}
