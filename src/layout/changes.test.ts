// What is a change of a type, and what is none. Where its values live has verdicts.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findTypes } from "../dwarf/model.ts";
import { openElf } from "../elf/open.ts";
import { XspliceError } from "../error.ts";
import { compare, compareObjects, compile, global, NEW, onStacks } from "./layout.test.support.ts";

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
