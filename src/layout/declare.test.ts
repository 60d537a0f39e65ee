import assert from "node:assert/strict";
import { test } from "node:test";
import { type Declaration, Declarations } from "./declare.ts";
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
  test(`Declarations.ofVariable() declares ${text}`, () => {
    const found = new Declarations(compile(`#define NEW_SHARED\n${types}${text}`)).ofVariable("x");
    assert.equal(found && textOf(found), expected);
  });
}

test("Declarations.ofNewMembers() declares what a structure gets", () => {
  const side = (members: string) =>
    new Declarations(
      compile(`#define NEW_SHARED\n${types}struct domain { int a; ${members} }; struct domain d;`),
    );
  const after = side("unsigned int *b; int c[2];");
  const members = after.ofNewMembers(side(""), "struct domain");
  assert.deepEqual(members.map(textOf), ["unsigned int *b", "int c[2]"]);
  assert.deepEqual(after.ofNewMembers(side(""), "struct other"), []);
});

test("Declarations.ofVariable() gives nothing without debug information", () => {
  assert.equal(new Declarations(compile("int x;", [])).ofVariable("x"), undefined);
});
