// The account is complete: whatever one changes in an object, the ledger says something.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DraftSection, ElfDraft } from "../../elf/draft.ts";
import { sizeOfSection } from "../../elf/draft.ts";
import { draftFrom } from "../../elf/draft-from.ts";
import type { SymbolTypeName } from "../../elf/names.ts";
import { readElf } from "../../elf/read.ts";
import { writeElf } from "../../elf/write.ts";
import { compileBytes, flavours, testOptions } from "../diff.test.support.ts";
import { diffObjects, type ObjectDiff } from "../diff-objects.ts";

const text = `
  extern int outside(int); extern void say(const char *, const int *) __attribute__((cold));
  static int count = 5; int shared; static const int table[] = {3, 1, 4, 1, 5};
  __attribute__((section(".init.data"))) int early = 3;
  __attribute__((section(".init.text"), noinline)) int setup(int x) { return outside(x) + early; }
  static int (*const calls[])(int) = {outside, setup};
  __attribute__((noinline)) static int part(int x) { static int seen; return outside(x) + seen++ * count; }
  int f(int x) { if (x > 7) say("much", table); return part(x) + calls[x & 1](x); }
  int h(int x) { asm volatile ("1: nop\\n.pushsection .ex_table,\\"a\\"\\n.long 1b-., 2f-.\\n.popsection\\n"
    ".pushsection .fixup,\\"ax\\"\\n2: mov $5,%eax\\n.popsection"); return part(shared) + table[x & 3]; }
  double k(double x) { return x * 2.5; }
  __attribute__((section(".strange"))) int strange = 4;`;

const objects = flavours.map((flags) => compileBytes(text, [...flags, "-g"]));
const objectOf = (flavour: number): Uint8Array => objects[flavour] ?? new Uint8Array();
/** A number instead of the bytes, so that a failure can be read. */
const anyFlavour = fc.nat({ max: flavours.length - 1 });

function diffBytes(before: Uint8Array, after: Uint8Array): ObjectDiff {
  // "seen" is the only variable that the compiler numbers.
  const findHomes = () => () => ({ functionName: "part" });
  return diffObjects(readElf(before, "before"), readElf(after, "after"), {
    ...testOptions,
    findHomes,
  });
}

function draftOf(bytes: Uint8Array): ElfDraft {
  return draftFrom(readElf(bytes, "object"));
}

test("diffObjects() of an object with itself has nothing to tell", () => {
  for (const bytes of objects) assert.deepEqual(diffBytes(bytes, bytes).ledger, []);
});

test("diffObjects() of an object that was read and written has nothing to tell", () => {
  for (const bytes of objects) {
    assert.deepEqual(diffBytes(bytes, writeElf(draftOf(bytes))).ledger, []);
  }
});

test("diffObjects() does not mind the order of sections and symbols", () => {
  const property = fc.property(anyFlavour, fc.infiniteStream(fc.nat()), (flavour, random) => {
    const bytes = objectOf(flavour);
    const draft = draftOf(bytes);
    const shuffled = <Item>(items: readonly Item[]): Item[] =>
      items
        .map((item) => ({ item, order: random.next().value ?? 0 }))
        .sort((left, right) => left.order - right.order)
        .map(({ item }) => item);
    draft.sections = shuffled(draft.sections);
    const [file, ...symbols] = draft.symbols;
    draft.symbols = file === undefined ? [] : [file, ...shuffled(symbols)];
    assert.deepEqual(diffBytes(bytes, writeElf(draft)).ledger, []);
  });
  fc.assert(property, { numRuns: 20 });
});

/** Changes one thing of a draft; false when the numbers lead to nothing that could be changed. */
type Tampering = (draft: ElfDraft, ...numbers: readonly number[]) => boolean;

const withContents = (draft: ElfDraft): readonly DraftSection[] =>
  draft.sections.filter(({ content }) => content instanceof Uint8Array && content.length > 0);

const pick = <Item>(items: readonly Item[], number: number): Item | undefined =>
  items[number % Math.max(items.length, 1)];

const plainTypes: readonly SymbolTypeName[] = ["STT_NOTYPE", "STT_OBJECT", "STT_FUNC"];

const tamperings: Readonly<Record<string, Tampering>> = {
  "a byte": (draft, which = 0, where = 0, change = 0) => {
    const content = pick(withContents(draft), which)?.content;
    if (!(content instanceof Uint8Array)) return false;
    const offset = where % content.length;
    content[offset] = (content[offset] ?? 0) ^ (1 + (change % 255));
    return true;
  },
  "an addend": (draft, which = 0, where = 0, change = 0) => {
    const relocation = pick(pick(relocated(draft), which)?.relocations ?? [], where);
    if (relocation === undefined) return false;
    relocation.addend += BigInt(1 + (change % 500));
    return true;
  },
  "the symbol of a relocation": (draft, which = 0, where = 0, change = 0) => {
    const relocation = pick(pick(relocated(draft), which)?.relocations ?? [], where);
    const symbol = pick(draft.symbols, change);
    if (relocation === undefined || symbol === undefined) return false;
    if (relocation.symbol === symbol || relocation.symbol.place === symbol.place) return false;
    relocation.symbol = symbol;
    return true;
  },
  "no relocation where one was": (draft, which = 0, where = 0) => {
    const relocations = pick(relocated(draft), which)?.relocations;
    if (relocations === undefined) return false;
    relocations.splice(where % relocations.length, 1);
    return true;
  },
  "a symbol's name": (draft, which = 0) => {
    const symbol = pick(
      draft.symbols.filter(({ name }) => name !== ""),
      which,
    );
    if (symbol === undefined) return false;
    symbol.name += "x";
    return true;
  },
  "a symbol's value": (draft, which = 0, change = 0) => {
    const symbol = pick(
      draft.symbols.filter(({ name, place }) => name !== "" && typeof place === "object"),
      which,
    );
    if (symbol === undefined || typeof symbol.place === "string") return false;
    const size = BigInt(sizeOfSection(symbol.place));
    const value = size === 0n ? 0n : BigInt(change) % size;
    if (symbol.value === value) return false;
    symbol.value = value;
    return true;
  },
  "a symbol's size": (draft, which = 0, change = 0) => {
    const symbol = pick(
      draft.symbols.filter(({ place }) => typeof place === "object"),
      which,
    );
    if (symbol === undefined) return false;
    symbol.size += BigInt(1 + (change % 9));
    return true;
  },
  "a symbol's type": (draft, which = 0, change = 0) => {
    const symbol = pick(
      draft.symbols.filter(({ type }) => plainTypes.includes(type)),
      which,
    );
    if (symbol === undefined) return false;
    const others = plainTypes.filter((type) => type !== symbol.type);
    symbol.type = others[change % 2] ?? "STT_NOTYPE";
    return true;
  },
  "a section's name": (draft, which = 0) => {
    const section = pick(draft.sections, which);
    if (section === undefined) return false;
    section.name += "x";
    return true;
  },
  "a section's alignment": (draft, which = 0) => {
    const section = pick(draft.sections, which);
    if (section === undefined) return false;
    section.alignment *= 2;
    return true;
  },
  "a section's flags": (draft, which = 0, change = 0) => {
    const section = pick(draft.sections, which);
    if (section === undefined) return false;
    section.flags ^= 1n << BigInt(change % 3);
    return true;
  },
};

function relocated(draft: ElfDraft): readonly DraftSection[] {
  return draft.sections.filter(({ relocations }) => relocations.length > 0);
}

for (const [what, tamper] of Object.entries(tamperings)) {
  test(`diffObjects() tells ${what} that somebody changed`, () => {
    const property = fc.property(
      anyFlavour,
      fc.nat(),
      fc.nat(),
      fc.nat(),
      (flavour, ...numbers) => {
        const bytes = objectOf(flavour);
        const draft = draftOf(bytes);
        fc.pre(tamper(draft, ...numbers));
        const after = writeElf(draft);
        assert.notEqual(diffBytes(bytes, after).ledger.length, 0);
        assert.notEqual(diffBytes(after, bytes).ledger.length, 0);
      },
    );
    fc.assert(property, { numRuns: 40 });
  });
}
