// New members of a structure: in which holes of the running one they would fit, and what objects that exist
// already hold there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findTypes } from "../dwarf/model.ts";
import { holesOf } from "./holes.ts";
import { compare, compile, use } from "./layout.test.support.ts";

/** A structure with something in its hole behind "id", and something at its end. */
const domain = (inHole: string, atEnd: string, more = ""): string => `${use}
  struct domain { short id; ${inHole} int pages; long time; ${atEnd} }; extern struct domain *list;
  long f(void) { return list->time + list->id; } ${more}`;

function roomOf(before: string, fixed: string, allowed: readonly string[] = []) {
  const [found, ...others] = compare(before, fixed, allowed);
  assert.ok(found);
  assert.deepEqual(others, []);
  return found;
}

test("holesOf() gives the bytes that no member has, at the end as well", () => {
  const text = "struct s { char a; int b; char c[3]; long d; short e; } s;";
  assert.deepEqual(holesIn(text), ["3 at 1 behind a", "5 at 11 behind c", "6 at 26 behind e"]);
});

test("holesOf() leaves out what code writes together with bit-fields", () => {
  const three = "struct s { char a:8, b:8, c:1; int d; } s;";
  assert.deepEqual(holesIn(three), []);
  const two = "struct s { char a:8, b:1; int d; } s;";
  assert.deepEqual(holesIn(two), ["2 at 2 behind b"]);
});

test("holesOf() leaves out what an array without a length has its elements in", () => {
  const open = "struct s { char a; long b; int c; char d[]; } s;";
  assert.deepEqual(holesIn(open), ["7 at 1 behind a"]);
  assert.deepEqual(holesIn(open.replace("[]", "[0]")), ["7 at 1 behind a"]);
  const inner = "struct s { long b; struct { int c; char d[]; } t; } s;";
  assert.deepEqual(holesIn(inner), []);
  const empty = "struct s { long b; char c; union {} d; } s;";
  assert.deepEqual(holesIn(empty), ["7 at 9 behind d"]);
});

test("holesOf() knows no hole of a union", () => {
  assert.deepEqual(holesIn("union s { char a; int b; } s;"), []);
});

function holesIn(text: string): readonly string[] {
  const model = findTypes(compile(text));
  const type = model?.types.get("struct s") ?? model?.types.get("union s");
  assert.ok(model && type);
  return holesOf(model, type).map(
    ({ offset, size, after }) => `${size} at ${offset} behind ${after}`,
  );
}

test("judgeLayouts() names a hole for a member that moves others, and it fits there", () => {
  const grown = roomOf(domain("", ""), domain("", "char flag;"));
  assert.equal(grown.room?.kind, "fits");
  assert.deepEqual(grown.room.told, [
    '"flag" (1 byte) would fit into a hole of the running structure, of 2 bytes at 2: declared behind "id" it lies at 2, and nothing moves',
  ]);
  const fits = roomOf(domain("", ""), domain("char flag;", ""));
  assert.deepEqual([fits.moved, fits.verdict.kind], [[], "refused"]);
  assert.match(
    fits.room?.told[0] ?? "",
    /^nothing moves: holes of the running structure have room for "flag" \(1 byte at 2\)$/,
  );
});

test("judgeLayouts() places several members, and tells of one that finds no room", () => {
  const { room } = roomOf(domain("", ""), domain("", "char a; int lock; char b;"));
  assert.equal(room?.kind, "too-small");
  assert.deepEqual(room.told, [
    '"a" (1 byte) would fit into a hole of the running structure, of 2 bytes at 2: declared behind "id" it lies at 2, and nothing moves',
    'no hole of the running structure has room for "lock" (4 bytes at a multiple of 4): it has 2 at 2 behind "id"',
    '"b" (1 byte) would fit into a hole of the running structure, of 2 bytes at 2: declared behind "id" it lies at 3, and nothing moves',
  ]);
});

test("judgeLayouts() finds the hole also beside members without a name", () => {
  const text = (flag: string): string => `${use}
    struct domain { struct { int a; }; short id; ${flag} union { long time; void *p; }; }; extern struct domain *list;
    long f(void) { return list->time + list->id; }`;
  const { room, changes } = roomOf(text(""), text("char flag;"));
  assert.deepEqual(changes, ['"flag" is new (offset 6, char)']);
  assert.equal(room?.kind, "in-holes");
});

test("judgeLayouts() takes a member in a hole that the author allows, and tells what is there", () => {
  const found = roomOf(domain("", ""), domain("char flag;", ""), ["domain"]);
  assert.equal(found.verdict.kind, "no-effect");
  assert.match(found.room?.told.join() ?? "", /not known: nobody was found who allocates one/);
});

const allocators = `void *_xzalloc(unsigned long, unsigned long); void *_xmalloc(unsigned long, unsigned long);
  void *alloc_xenheap_pages(unsigned, unsigned); void clear_page_sse2(void *); void *memset(void *, int, unsigned long);`;

/** How a structure of 16 bytes is allocated, and what its holes hold then. */
const cases: readonly (readonly [code: string, told: RegExp])[] = [
  [
    "void g(void) { struct domain *d = _xzalloc(sizeof(*d), 8); list = d; }",
    /already hold zero there.*: "g" of domain\.o takes 16 bytes by _xzalloc\(\)$/,
  ],
  [
    "void g(void) { struct domain *d = _xmalloc(sizeof(*d), 8); list = d; }",
    /whatever was in their memory before: "g" of domain\.o takes 16 bytes by _xmalloc\(\)$/,
  ],
  [
    "struct domain *g(void) { struct domain *d = alloc_xenheap_pages(0, 0); if (d) clear_page_sse2(d); return d; }",
    /already hold zero there.*: "g" of domain\.o takes a page by alloc_xenheap_pages\(\) and clears it$/,
  ],
  [
    "struct domain *g(void) { struct domain *d = alloc_xenheap_pages(1, 0); if (d) clear_page_sse2(d); return d; }",
    /not known: "g" of domain\.o takes pages by alloc_xenheap_pages\(\), and clears some of them$/,
  ],
  [
    "struct domain *g(unsigned n) { struct domain *d = alloc_xenheap_pages(n, 0); if (d) clear_page_sse2(d); return d; }",
    /not known: "g" of domain\.o takes pages by alloc_xenheap_pages\(\), and clears some of them$/,
  ],
  [
    "struct domain *g(void) { return alloc_xenheap_pages(0, 0); }",
    /whatever was .*: "g" of domain\.o takes a page by alloc_xenheap_pages\(\)$/,
  ],
  [
    "struct domain *g(int n) { struct domain *d = _xmalloc(n * sizeof(*d), 8); sink(d, n); return d; }",
    /whatever was .*: "g" of domain\.o takes an unknown number of bytes by _xmalloc\(\)$/,
  ],
  [
    "void g(int n) { void *p = _xzalloc(24, 8); sink(p, n); struct domain *d = _xzalloc(sizeof(*d), 8); list = d; }",
    /already hold zero there.*: "g" of domain\.o takes 16 bytes/,
  ],
  [
    "struct all { int n; struct domain d; }; void g(void) { struct all *a = _xmalloc(sizeof(*a), 8); list = &a->d; }",
    /whatever was .*: "g" of domain\.o takes 24 bytes by _xmalloc/,
  ],
  [
    "struct domain *g(struct domain *d) { void *p = alloc_xenheap_pages(0, 0); sink(p, 1); return d; }",
    /is not known: nobody was found who allocates one$/,
  ],
  [
    "union any { struct domain d; char name[16]; } any; void g(void) { list = &any.d; }",
    /is not known: member "d" of a union in domain\.o shares its memory with others$/,
  ],
  [
    "struct domain first; void g(void) { list = &first; }",
    /already hold zero there.*variable "first" of domain\.o lies at a fixed address/,
  ],
  [
    "void g(int n) { struct domain d = { n }; sink(&d, n); *list = d; }",
    /is not known: variable "d" of "g" of domain\.o lies on a stack, and may be copied/,
  ],
  [
    "void g(int n) { sink(_xmalloc(16, 8), n); }",
    /is not known: "g" of domain\.o takes 16 bytes by _xmalloc\(\), perhaps for one$/,
  ],
  [
    "void g(void) { list = _xzalloc(16, 8); }",
    /is not known: "g" of domain\.o takes 16 bytes by _xzalloc\(\), perhaps for one$/,
  ],
  [
    "void g(int n) { sink(_xmalloc(20, 8), n); }",
    /is not known: nobody was found who allocates one$/,
  ],
];

for (const [code, told] of cases) {
  test(`judgeLayouts() tells what a hole holds: ${code}`, () => {
    const more = `${allocators}\n${code}`;
    const { room } = roomOf(domain("", "", more), domain("char flag;", "", more));
    assert.equal(room?.kind, "in-holes");
    assert.match(room.told[1] ?? "", told);
  });
}
