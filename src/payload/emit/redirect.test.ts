import assert from "node:assert/strict";
import { test } from "node:test";
import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import type { Architecture } from "../../isa/architecture.ts";
import {
  compileDraft,
  describeRelocations,
  type SourceText,
  sectionNamed,
  symbolNamed,
} from "./emit.test.support.ts";
import { EmitError } from "./input.ts";
import { type Redirection, redirectToXen } from "./redirect.ts";

/** Redirects the named functions to `xen:NAME` and gives the relocations of one section. */
function redirect(
  text: SourceText,
  functions: readonly string[],
  section: string,
  architecture: Architecture = "x86_64",
): readonly string[] {
  const draft = compileDraft(text);
  redirectToXen(draft, redirections(draft, functions), architecture);
  return describeRelocations(draft, sectionNamed(draft, section));
}

function redirections(draft: ElfDraft, functions: readonly string[]): readonly Redirection[] {
  return functions.map((name): Redirection => {
    const newBody = symbolNamed(draft, name);
    const xenFunction: DraftSymbol = {
      ...newBody,
      name: `xen:${name}`,
      value: 0n,
      size: 0n,
      place: "undefined",
    };
    return { newBody, xenFunction };
  });
}

/** A function of `size` bytes and its symbol, in a section of its own unless it is told otherwise. */
function assembly(...functions: readonly (readonly [name: string, body: string])[]): string {
  return functions
    .map(
      ([name, body]) => `.type ${name}, @function\n${name}:\n${body}\n.size ${name}, . - ${name}\n`,
    )
    .join("");
}

test("redirectToXen() leads a static function's call of itself, which the assembler resolved, to Xen", () => {
  const recursive = assembly(["f", "push %rbx\ncall f\npop %rbx\nret"]);
  const plain = compileDraft({ assembly: recursive });
  assert.deepEqual(describeRelocations(plain, sectionNamed(plain, ".text")), []);
  assert.deepEqual(redirect({ assembly: recursive }, ["f"], ".text"), ["R_X86_64_PC32 xen:f-4"]);
});

test("redirectToXen() finds the self-recursion that gcc makes of C", () => {
  const text = {
    c: `__attribute__((noinline, used)) static int f(int n, int *p)
        { return n ? f(n - 1, p) * *p + f(n - 2, p) : 1; }`,
    flags: "-O1",
  };
  const found = redirect(text, ["f"], ".text.f");
  assert.ok(found.length >= 1);
  for (const line of found) assert.equal(line, "R_X86_64_PC32 xen:f-4");
});

test("redirectToXen() leads calls between two replaced functions to Xen, whatever symbol they name", () => {
  const c = `
    __attribute__((noinline, used)) static int g(int n);
    __attribute__((noinline)) int f(int n) { return n ? g(n - 1) + 1 : 0; }
    __attribute__((noinline, used)) static int g(int n) { return n ? f(n - 2) * 3 : 1; }`;
  // gcc names f, which is global, and the section of g, which is not.
  assert.deepEqual(redirect({ c }, ["f", "g"], ".text.f"), ["R_X86_64_PC32 xen:g-4"]);
  assert.deepEqual(redirect({ c }, ["f", "g"], ".text.g"), ["R_X86_64_PC32 xen:f-4"]);
});

test("redirectToXen() leads function pointers in data to Xen", () => {
  const c = `int f(int n) { return n; } static int h(int n) { return n + 1; }
    int (*const table[])(int) = { f, h };`;
  assert.deepEqual(redirect({ c }, ["f"], ".data.rel.ro.local.table"), [
    "R_X86_64_64 xen:f+0",
    "R_X86_64_64 .text.h+0",
  ]);
});

test("redirectToXen() leads an address taken in code to Xen, behind which immediates may stand", () => {
  const text = assembly(
    ["f", "ret"],
    ["g", "lea f(%rip), %rax\nmovq $f, %rbx\ncmpl $0x12345678, f(%rip)\ncmpb $1, f(%rip)\nret"],
  ).replaceAll("movq $f", "movabs $f");
  // Without .globl all but the absolute one are resolved by the assembler.
  assert.deepEqual(redirect({ assembly: text }, ["f"], ".text"), [
    "R_X86_64_PC32 xen:f-4",
    "R_X86_64_64 xen:f+0",
    "R_X86_64_PC32 xen:f-8",
    "R_X86_64_PC32 xen:f-5",
  ]);
  assert.deepEqual(redirect({ assembly: `.globl f\n${text}` }, ["f"], ".text"), [
    "R_X86_64_PC32 xen:f-4",
    "R_X86_64_64 xen:f+0",
    "R_X86_64_PC32 xen:f-8",
    "R_X86_64_PC32 xen:f-5",
  ]);
});

test("redirectToXen() leaves references into the inside of a new body alone", () => {
  const text = assembly(
    ["f", "nop\nnop\ninside: nop\nret"],
    ["g", "jmp inside\n.section .data\n.quad inside"],
  );
  const draft = compileDraft({ assembly: text.replace(".size g, . - g", "") });
  redirectToXen(draft, redirections(draft, ["f"]), "x86_64");
  assert.deepEqual(describeRelocations(draft, sectionNamed(draft, ".text")), []);
  assert.deepEqual(describeRelocations(draft, sectionNamed(draft, ".data")), [
    "R_X86_64_64 .text+2",
  ]);
});

test("redirectToXen() leaves jump tables alone, also an entry that leads to the body's first byte", () => {
  const c = `extern int a(void), b(void), d(void), e(void), h(void);
    int f(int n) { switch (n) { case 0: return a(); case 1: return b(); case 2: return d();
      case 3: return e(); case 4: return h(); } return 0; }`;
  const draft = compileDraft({ c });
  const before = describeRelocations(draft, sectionNamed(draft, ".rodata.f"));
  assert.equal(before.length, 5);
  assert.deepEqual(redirect({ c }, ["f"], ".rodata.f"), before);
  const table = assembly(["f", "1: nop\nret"]);
  const relative = `${table}.section .rodata\n2: .long 1b - 2b\n.long f - 2b\n`;
  const entries = redirect({ assembly: relative }, ["f"], ".rodata");
  assert.deepEqual(entries, ["R_X86_64_PC32 .text+0", "R_X86_64_PC32 .text+4"]);
});

test("redirectToXen() leaves tables that describe the new body alone", () => {
  const text = `${assembly(["f", "ud2\nret"])}
    .section .bug_frames.2, "a"\n.long f - .\n.long 0
    .section .ex_table, "a"\n.long f - .\n.long f + 2 - .`;
  assert.deepEqual(redirect({ assembly: text }, ["f"], ".bug_frames.2"), ["R_X86_64_PC32 .text+0"]);
  assert.deepEqual(redirect({ assembly: text }, ["f"], ".ex_table"), [
    "R_X86_64_PC32 .text+0",
    "R_X86_64_PC32 .text+2",
  ]);
});

test("redirectToXen() leaves the way between a body and its .cold part alone, but not calls from there", () => {
  const text = `.section .text.f, "ax"\n${assembly(["f", "test %edi, %edi\njs f.cold\nback: ret"])}
    .section .text.unlikely.f, "ax"\n${assembly(["f.cold", "call f\njmp back"])}`;
  assert.deepEqual(redirect({ assembly: text }, ["f"], ".text.f"), [
    "R_X86_64_PC32 .text.unlikely.f-4",
  ]);
  assert.deepEqual(redirect({ assembly: text }, ["f"], ".text.unlikely.f"), [
    "R_X86_64_PC32 xen:f-4",
    "R_X86_64_PC32 .text.f+4",
  ]);
});

test("redirectToXen() leaves a loop that jumps to the body's first byte by a short branch alone", () => {
  const loop = assembly(["f", "dec %edi\njnz f\nret"]);
  assert.deepEqual(redirect({ assembly: loop }, ["f"], ".text"), []);
});

test("redirectToXen() refuses a short branch from another function, which cannot reach Xen", () => {
  const text = assembly(["f", "ret"], ["g", "jmp f"]);
  assert.throws(
    () => redirect({ assembly: text }, ["f"], ".text"),
    (error) =>
      error instanceof EmitError &&
      error.report.code === "emit/short-branch" &&
      error.report.where === 'section ".text", offset 0x1',
  );
});

test("redirectToXen() tells functions apart that share one body", () => {
  const text = `.globl f, g\n.set g, f\n${assembly(["f", "ret"])}
    .type g, @function\n.size g, 1\n.section .text.h, "ax"\nh: call f\ncall g\nret`;
  assert.deepEqual(redirect({ assembly: text }, ["f", "g"], ".text.h"), [
    "R_X86_64_PC32 xen:f-4",
    "R_X86_64_PC32 xen:g-4",
  ]);
});

test("redirectToXen() does the same on AArch64", (context) => {
  const compiler = "aarch64-linux-gnu-gcc";
  let found: readonly string[];
  try {
    found = redirect(
      {
        compiler,
        assembly: assembly(
          ["f", "bl f\ncbz x0, f\nret"],
          ["g", "b f\nadrp x0, f\nadd x0, x0, :lo12:f\nret"],
        ),
      },
      ["f"],
      ".text",
      "aarch64",
    );
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    context.skip(`${compiler} is not installed`);
    return;
  }
  assert.deepEqual(found, [
    "R_AARCH64_CALL26 xen:f+0",
    "R_AARCH64_JUMP26 xen:f+0",
    "R_AARCH64_ADR_PREL_PG_HI21 xen:f+0",
    "R_AARCH64_ADD_ABS_LO12_NC xen:f+0",
  ]);
});
