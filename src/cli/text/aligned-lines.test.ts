import assert from "node:assert/strict";
import { test } from "node:test";
import { alignListings } from "../../diff/align-listings.ts";
import { alignedLines } from "./aligned-lines.ts";

const listing = (...texts: string[]) =>
  texts.map((text, index) => ({ offset: index * 4, bytes: new Uint8Array(4), text }));

const rows = alignListings(
  listing("push %rbx", "cmp $4,%eax", "jne +0x10", "call common/a.c#helper", "ret"),
  listing("push %rbx", "cmp $8,%eax", "nop", "jne +0x14", "call helper", "ret"),
);

test("alignedLines() shows both sides beside one another where the terminal is wide enough", () => {
  assert.deepEqual(alignedLines(rows, 80), [
    "  before                        after",
    "  +0x0: push %rbx               +0x0: push %rbx",
    "| +0x4: cmp $4,%eax             +0x4: cmp $8,%eax",
    "|                               +0x8: nop",
    "  +0x8: jne +0x10               +0xc: jne +0x14",
    "  +0xc: call common/a.c#helper  +0x10: call helper",
    "  +0x10: ret                    +0x14: ret",
  ]);
});

test("alignedLines() shows one below the other as a patch does where it is not", () => {
  assert.deepEqual(alignedLines(rows, 40), [
    "  +0x0: push %rbx",
    "- +0x4: cmp $4,%eax",
    "+ +0x4: cmp $8,%eax",
    "+ +0x8: nop",
    "  +0xc: jne +0x14",
    "  +0x10: call helper",
    "  +0x14: ret",
  ]);
});

test("alignListings() gives up looking for what is the same in listings without anything in common", () => {
  const numbered = (word: string) => listing(...Array.from({ length: 5000 }, (_, n) => word + n));
  const found = alignListings(numbered("mov"), numbered("add"));
  assert.equal(found.length, 5000);
  assert.ok(found.every(({ kind }) => kind === "differs"));
});
