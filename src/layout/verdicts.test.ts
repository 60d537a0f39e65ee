// Where the values of a changed type live, and whether a payload can be applied for all that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, global, NEW, onStacks, use } from "./layout.test.support.ts";

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
    changes:
      /^"more" is new \(offset 4, int\); its size is 8 → 12 bytes; "b" is at offset 4, int → offset 8, int$/,
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
    changes: /^"c" is new .*; "b" is at bit 1, 2 bits, unsigned int → bit 2, 2 bits, unsigned int$/,
    why: /global/,
  },
  {
    name: "the value of an enumerator",
    text: `enum mode { OFF, ${NEW} ON } mode; int f(void) { return mode == ON; }`,
    fix: "HALF,",
    type: "enum mode",
    changes: /^"HALF" is new \(value 1\); "ON" is at value 1 → value 2$/,
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
    why: /values that the old code put there/,
  },
  {
    name: "a pointer of a variable to something else",
    text: `struct one { int a; }; struct two { int b, c; };
      static struct ${NEW} *current; int f(void) { return sink(current = alloc(1), ((struct one *)0)->a + ((struct two *)0)->b); }`,
    old: "one",
    fix: "two",
    type: 'variable "current"',
    changes: /struct one \* → struct two \*/,
    why: /values that the old code put there/,
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
    changes: /^"name" is at offset 0, char\[8\] → offset 0, char\[16\]; its size is 8 → 16 bytes$/,
    why: /global variable "names"/,
  },
];

for (const { name, text, old = "", fix, type, changes, why } of cases) {
  test(`judgeLayouts() refuses ${name}`, () => {
    const source = `${use}\n${text}`;
    const findings = compare(source.replace(NEW, old), source.replace(NEW, fix));
    const found = findings.find((finding) => finding.type === type);
    assert.match([...(found?.changes ?? []), ...(found?.moved ?? [])].join("; ") ?? "", changes);
    assert.equal(found?.verdict.kind, "refused");
    assert.match(found?.verdict.why ?? "", why);
  });
}

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

for (const name of ["struct domain", "domain", "more"]) {
  test(`judgeLayouts() takes what the author allows as ${name}`, () => {
    const [found] = compare(global.replace(NEW, ""), global.replace(NEW, "int more;"), [name]);
    assert.equal(found?.verdict.kind, "no-effect");
    assert.match(found?.verdict.why ?? "", new RegExp(`allowed as ${name}`));
  });
}
