import assert from "node:assert/strict";
import { test } from "node:test";
import { type Declaration, declareNewMembers, declareVariable } from "./declare.ts";
import { compile } from "./layout.test.support.ts";

const types = `
#include "include/public/shared.h"
struct private { int a; };
typedef struct { long counter; } atomic_t;
`;

function textOf({ name, type: [before, after], headers, inWords }: Declaration): string {
  const from = headers.map((header) => ` from <${header}>`).join("");
  return `${before}${name}${after}${from}${inWords === undefined ? "" : ` for ${inWords}`}`;
}

const declared = {
  "unsigned int x;": "unsigned int x",
  "_Bool x[2][3];": "_Bool x[2][3]",
  "const unsigned char *x;": "unsigned char *x",
  "struct shared x;": "struct shared x from <public/shared.h>",
  "struct shared *x[4];": "struct shared *x[4] from <public/shared.h>",
  // What only this file declares: room of its size, and pointers without a type.
  "struct private x[3];": "unsigned long x[2] for struct private[3]",
  "atomic_t x;": "unsigned long x[1] for atomic_t",
  "struct private *x;": "void *x",
  "void (*x)(int);": "void *x",
};

for (const [text, expected] of Object.entries(declared)) {
  test(`declareVariable() declares ${text}`, () => {
    const found = declareVariable(compile(`#define NEW_SHARED\n${types}${text}`), "x");
    assert.equal(found && textOf(found), expected);
  });
}

test("declareNewMembers() declares what a structure gets", () => {
  const side = (members: string) =>
    compile(`#define NEW_SHARED\n${types}struct domain { int a; ${members} }; struct domain d;`);
  const members = declareNewMembers(side(""), side("unsigned int *b; int c[2];"), "struct domain");
  assert.deepEqual(members.map(textOf), ["unsigned int *b", "int c[2]"]);
  assert.deepEqual(declareNewMembers(side(""), side("int b;"), "struct other"), []);
});

test("declareVariable() gives nothing without debug information", () => {
  assert.equal(declareVariable(compile("int x;", []), "x"), undefined);
});
