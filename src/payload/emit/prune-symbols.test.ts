// Xen names an address by the nearest symbol before it, so that nothing but functions may be in functions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readElf } from "../../elf/read.ts";
import { relocationsOf } from "../../elf/relocations.ts";
import { requireSection } from "../../elf/sections.ts";
import { compileDraft, emitExample, emitInput } from "./emit.test.support.ts";
import { emitPayload } from "./emit.ts";

function symbolsInCode(bytes: Uint8Array): readonly string[] {
  const object = readElf(bytes, "x");
  const { index } = requireSection(object, ".text");
  return object.symbols.flatMap(({ type, name, size, value, place }) => {
    if (type === "STT_SECTION" || place.kind !== "section" || place.index !== index) return [];
    return `${type} ${name.replace(/\.xs[0-9a-f]+/, "")} ${size} at ${value}`;
  });
}

test("emitPayload() gives nothing but functions with their sizes a name in code", () => {
  const named = symbolsInCode(emitExample().bytes);
  assert.ok(named.length >= 3);
  for (const one of named) assert.match(one, /^STT_FUNC \w+ [1-9]/);
});

test("emitPayload() drops a label in a function, and what refers to it means the function", () => {
  const assembly = `.section .text.f,"ax"; .globl f, inner; .type f,@function
    f: nop; inner: nop; unused: ret; .size f, .-f
    .data; .quad inner`;
  const { bytes } = emitPayload(emitInput(compileDraft({ assembly }), ["f"]));
  assert.deepEqual(symbolsInCode(bytes), ["STT_FUNC f 3 at 0"]);
  const object = readElf(bytes, "x");
  const [relocation] = relocationsOf(object, requireSection(object, ".data"));
  assert.ok(relocation);
  assert.match(object.symbols[relocation.symbol]?.name ?? "", /^f\.xs/);
  assert.equal(relocation.addend, 1n);
});
