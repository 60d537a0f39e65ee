import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { findTypes } from "../dwarf/model.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { XspliceError } from "../error.ts";
import { findLayoutChanges, judgeLayouts, type LayoutFinding } from "./layout.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-layout-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const headers: Readonly<Record<string, string>> = {
  "include/public/shared.h": "struct shared { int a; NEW_SHARED };",
};
let count = 0;

function compile(text: string, flags: readonly string[] = ["-g"]): ElfObject {
  const source = join(folder, `${count++}`, "domain.c");
  for (const [name, content] of Object.entries({ ...headers, "domain.c": text })) {
    const path = join(dirname(source), name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  const args = ["-O2", "-ffreestanding", ...flags, "-I.", "-c", "domain.c", "-o", "domain.o"];
  execFileSync("gcc", args, { cwd: dirname(source), stdio: "pipe" });
  return openElf(new Uint8Array(readFileSync(join(dirname(source), "domain.o"))), "domain.o");
}

function compare(
  before: string,
  fixed: string,
  allowed: readonly string[] = [],
): readonly LayoutFinding[] {
  return compareObjects(compile(before), compile(fixed), allowed);
}

function compareObjects(
  before: ElfObject,
  fixed: ElfObject,
  allowed: readonly string[] = [],
): readonly LayoutFinding[] {
  const [old, now] = [findTypes(before), findTypes(fixed)];
  return judgeLayouts(
    findLayoutChanges({ object: "domain.o", before: old, after: now, isChangedFile: () => true }),
    allowed,
  );
}

const NEW = "/*new*/";
const use = "void *alloc(int); extern int sink(const void *, int);";

/** What stands for `/*new*\/` in the fix, and what is found of the one type that it changes. */
const cases: readonly {
  readonly name: string;
  readonly text: string;
  readonly old?: string;
  readonly fix: string;
  readonly type: string;
  readonly changes: RegExp;
  readonly why: RegExp;
}[] = [
  {
    name: "a member more in what a global holds",
    text: `struct domain { int id; ${NEW} int b; }; struct domain first; int f(void) { return first.b; }`,
    fix: "int more;",
    type: "struct domain",
    changes: /size is 8 → 12 bytes; "b" is at offset 4, int → offset 8, int; "more" is new/,
    why: /global variable "first"/,
  },
  {
    name: "what a global leads to over pointers and a nameless union",
    text: `struct arch { long x; ${NEW} }; struct vcpu { union { struct arch *arch; long l; }; };
      struct domain { struct vcpu *vcpu[4]; }; extern struct domain *list;
      long f(void) { return list->vcpu[1]->arch->x; }`,
    fix: "long y;",
    type: "struct arch",
    changes: /size is 8 → 16/,
    why: /global variable "list" → struct domain, member "vcpu" → struct vcpu, member "arch"/,
  },
  {
    name: "per-CPU data",
    text: `struct stats { int n; ${NEW} }; struct stats per_cpu__stats; int f(void) { return per_cpu__stats.n; }`,
    fix: "int m;",
    type: "struct stats",
    changes: /"m" is new/,
    why: /per-CPU variable "per_cpu__stats"/,
  },
  {
    name: "a static variable in a function",
    text: `struct once { int n; ${NEW} }; int f(void) { static struct once o; return sink(&o, o.n++); }`,
    fix: "int m;",
    type: "struct once",
    changes: /"m" is new/,
    why: /global variable "o" of "f"/,
  },
  {
    name: "an allocation",
    text: `struct item { int n; ${NEW} }; int f(void) { struct item *i = alloc(sizeof(*i)); return sink(i, i->n); }`,
    fix: "int m;",
    type: "struct item",
    changes: /"m" is new/,
    why: /pointer "i" of "f" can lead to one from an allocation/,
  },
  {
    name: "what guests share",
    text: `#define NEW_SHARED ${NEW}\n#include "include/public/shared.h"
      int f(void) { struct shared s = { 1 }; return sink(&s, s.a); }`,
    fix: "int b;",
    type: "struct shared",
    changes: /"b" is new/,
    why: /guests share it: .*include\/public\/shared\.h/,
  },
  {
    name: "bits",
    text: `struct flags { unsigned a : 1; ${NEW} unsigned b : 2; } flags; int f(void) { return flags.b; }`,
    fix: "unsigned c : 1;",
    type: "struct flags",
    changes: /"b" is at bit 1, 2 bits, unsigned int → bit 2, 2 bits, unsigned int; "c" is new/,
    why: /global/,
  },
  {
    name: "the value of an enumerator",
    text: `enum mode { OFF, ${NEW} ON } mode; int f(void) { return mode == ON; }`,
    fix: "HALF,",
    type: "enum mode",
    changes: /^"ON" is at value 1 → value 2$/,
    why: /global variable "mode"/,
  },
  {
    name: "the value of a nameless enumerator",
    text: `enum { FIRST, ${NEW} LAST }; int mode; int f(void) { return mode == LAST; }`,
    fix: "MIDDLE,",
    type: "enum { FIRST, … }",
    changes: /"LAST" is at value 1 → value 2/,
    why: /nothing shows/,
  },
  {
    name: "the value of an enumerator behind another first one",
    text: `enum { ${NEW} FIRST, LAST }; int mode; int f(void) { return mode == LAST; }`,
    fix: "BEFORE,",
    type: "enum { FIRST, … }",
    changes: /^"FIRST" is 0 → 1; "LAST" is 1 → 2$/,
    why: /kept in any number/,
  },
  {
    name: "members in another order in a variable without a type's name",
    text: `static struct { ${NEW} } equiv; int f(void) { return equiv.sig++ + equiv.id++; }`,
    old: "int sig; short id;",
    fix: "short id; int sig;",
    type: 'variable "equiv"',
    changes: /its type is struct of 8 bytes .* → struct of 8 bytes/,
    why: /what the old code has put there/,
  },
  {
    name: "a pointer of a variable to something else",
    text: `struct one { int a; }; struct two { int b, c; };
      static struct ${NEW} *current; int f(void) { return sink(current = alloc(1), ((struct one *)0)->a + ((struct two *)0)->b); }`,
    old: "one",
    fix: "two",
    type: 'variable "current"',
    changes: /struct one \* → struct two \*/,
    why: /what the old code has put there/,
  },
  {
    name: "a type that comes under another name, with its members swapped",
    text: `${NEW} int f(void) { RANGE *r = alloc(1); return r->s - r->e; }`,
    old: "struct range { int s, e; };\n#define RANGE struct range\n",
    fix: "struct span { int e, s; };\n#define RANGE struct span\n",
    type: "struct range",
    changes: /^it is gone, and struct span is new$/,
    why: /pointer "r" of "f" can lead to one from an allocation/,
  },
  {
    name: "the length of an array in a type that only a typedef names",
    text: `typedef struct { char name[8 ${NEW}]; } name_t; name_t names[3]; int f(void) { return names[1].name[2]; }`,
    fix: "+ 8",
    type: "name_t",
    changes: /size is 8 → 16 bytes; "name" is at offset 0, char\[8\] → offset 0, char\[16\]/,
    why: /global variable "names"/,
  },
];

for (const { name, text, old = "", fix, type, changes, why } of cases) {
  test(`judgeLayouts() refuses ${name}`, () => {
    const source = `${use}\n${text}`;
    const findings = compare(source.replace(NEW, old), source.replace(NEW, fix));
    const found = findings.find((finding) => finding.type === type);
    assert.match(found?.changes.join("; ") ?? "", changes);
    assert.equal(found?.verdict.kind, "refused");
    assert.match(found?.verdict.why ?? "", why);
  });
}

const onStacks = `${use}
  struct inner { int n; ${NEW} }; struct walk { struct inner i; };
  static __attribute__((noinline)) int g(struct walk *w) { return sink(w, w->i.n); }
  int f(void) { struct walk w = { { 1 } }; return g(&w) + 1; }`;

test("judgeLayouts() takes what is shown to live on stacks only", () => {
  const findings = compare(onStacks.replace(NEW, ""), onStacks.replace(NEW, "int m;"));
  assert.deepEqual(
    findings.map(({ type, verdict }) => [type, verdict.kind, "rule" in verdict && verdict.rule]),
    [
      ["struct inner", "no-effect", "on-stacks-only"],
      ["struct walk", "no-effect", "on-stacks-only"],
    ],
  );
  assert.match(findings[1]?.verdict.why ?? "", /"w" of "f"/);
});

const global = `struct domain { int id; ${NEW} }; struct domain first; int f(void) { return first.id; }`;

for (const name of ["struct domain", "domain", "more"]) {
  test(`judgeLayouts() takes what the author allows as ${name}`, () => {
    const [found] = compare(global.replace(NEW, ""), global.replace(NEW, "int more;"), [name]);
    assert.equal(found?.verdict.kind, "no-effect");
    assert.match(found?.verdict.why ?? "", new RegExp(`allowed as ${name}`));
  });
}

test("findLayoutChanges() lets an enumerator be added that changes no other", () => {
  const text = `enum mode { OFF, ON ${NEW} } mode; int f(void) { return mode == ON; }`;
  assert.deepEqual(compare(text.replace(NEW, ""), text.replace(NEW, ", HALF")), []);
});

test("findLayoutChanges() takes other names for the same for no change", () => {
  const text = `typedef int id_t; struct domain { ${NEW} id; } first; int f(void) { return first.id; }`;
  assert.deepEqual(compare(text.replace(NEW, "int"), text.replace(NEW, "const id_t")), []);
});

test("findLayoutChanges() takes a type with the same layout for the old one, renamed", () => {
  const text = `struct ${NEW} { struct ${NEW} *next; int n; }; int f(struct ${NEW} *r) { return r->next->n; }`;
  assert.deepEqual(compare(text.replaceAll(NEW, "range"), text.replaceAll(NEW, "span")), []);
});

test("findLayoutChanges() takes variables whose numbers have another sign for unchanged", () => {
  const text = `static ${NEW} deadline[2]; int f(int i) { return deadline[i]++; }`;
  assert.deepEqual(compare(text.replace(NEW, "int"), text.replace(NEW, "unsigned")), []);
});

test("findLayoutChanges() leaves constants alone, which come as a copy", () => {
  const text = `static const struct { ${NEW} } table[] = { { 1, 2 } }; int f(int i) { return table[i].a; }`;
  assert.deepEqual(compare(text.replace(NEW, "int a, b;"), text.replace(NEW, "int b, a;")), []);
});

test("findLayoutChanges() finds nothing between an object and itself, of DWARF 4 and 5", () => {
  for (const flags of [["-g"], ["-g", "-gdwarf-4"], []]) {
    const object = compile(onStacks.replace(NEW, ""), flags);
    assert.deepEqual(compareObjects(object, object), []);
  }
});

test("findLayoutChanges() compares DWARF 4 with DWARF 5", () => {
  const shared = `#define NEW_SHARED\n#include "include/public/shared.h"\n struct shared s = { 1 }; ${global}`;
  const before = compile(shared.replace(NEW, ""), ["-g", "-gdwarf-4"]);
  const fixed = compile(shared.replace(NEW, "int more;"));
  assert.deepEqual(
    compareObjects(before, fixed).map(({ type }) => type),
    ["struct domain"],
  );
  const [four, five] = [findTypes(before), findTypes(fixed)];
  for (const model of [four, five]) {
    const type = model?.types.get("struct shared");
    assert.match((type && model?.fileOf(type)) ?? "", /include\/public\/shared\.h$/);
  }
});

test("findTypes() reads or refuses debug information with any byte spoiled", () => {
  const object = compile(global.replace(NEW, ""));
  const sections = object.sections.filter(({ name }) => name.startsWith(".debug_"));
  for (const { offset, size } of sections) {
    for (let at = offset; at < offset + size; at++) {
      const bytes = object.bytes.slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      try {
        const spoiled = openElf(bytes, "spoiled.o");
        compareObjects(object, spoiled);
      } catch (error) {
        assert.ok(error instanceof XspliceError, `byte ${at}: ${error}`);
      }
    }
  }
});
